"""The classical variables of a circuit: where each lives, which are in scope, and which surely have a value.

Words of the variable area are handed out like a stack, so scopes that are never open together share them. A variable
that may be read before it has a value gets a flag in a word of its own: stores set it, every entry into the scope
clears it, and reads require it. Whether that is necessary is known only in the end, so the codes that would handle
the flag are noted and extended then (`finish`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from qiskit.circuit.classical import types

from ketjet.engine import classical_codes
from ketjet.errors import InvalidCircuitError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from qiskit.circuit import QuantumCircuit
    from qiskit.circuit.classical import expr


def words_of(kind: Any) -> int:
    """Return how many 64-bit words a value of a type takes."""
    return max(1, -(-kind.width // 64)) if kind.kind is types.Uint else 1


def refuse_inputs(circuit: QuantumCircuit) -> None:
    """Raise InvalidCircuitError if an outermost circuit expects values from outside."""
    if missing := [repr(var.name) for var in circuit.iter_input_vars()]:
        msg = (
            f"circuit {circuit.name!r}: its input variables {', '.join(missing)} have no value; "
            "give them with run(..., inputs={name: value})"
        )
        raise InvalidCircuitError(msg)
    for var in circuit.iter_captured_vars():
        msg = (
            f"circuit {circuit.name!r}: its captured variable {var.name!r} has no value, and a run cannot give it "
            f"one; declare it with add_var({var.name!r}, value) instead"
        )
        raise InvalidCircuitError(msg)


@dataclass(eq=False, slots=True)
class Variable:
    """One variable of one open scope."""

    name: str
    first: int
    """Its first word in the variable area."""
    words: int
    loops: int
    """How many loops were open where it was declared."""
    assigned: bool = False
    """Whether it surely has a value here."""
    stored: bool = False
    """Whether anything before this has stored to it."""
    label: int = -1
    """The number of its name in the program, if any read of it is guarded."""
    stores: list[list[int]] = field(default_factory=list)
    clears: list[list[int]] = field(default_factory=list)

    @property
    def flag(self) -> int:
        """The bit of the variable area that tells whether it has a value."""
        return 64 * (self.first + self.words)


@dataclass(eq=False, slots=True)
class Declared:
    """The variables of one scope, with what has to be undone where it ends."""

    first_free: int
    hidden: list[tuple[expr.Var, Variable | None]] = field(default_factory=list)


class VariableTable:
    """All variables of a circuit during its lowering.

    Parameters
    ----------
    locate
        Puts the present place in front of an error's message.
    """

    def __init__(self, locate: Callable[[InvalidCircuitError], InvalidCircuitError]) -> None:
        self.words = 0
        """How many words the program needs."""
        self.labels: list[str] = []
        """Names of the variables whose reads are guarded."""
        self.reachable = True
        """Whether anything leads to the present place."""
        self._locate = locate
        self._in_dt: bool | None = None
        self.first_free = 0
        """The first word that nothing uses now."""
        self._visible: dict[expr.Var, Variable] = {}
        self._flagged: list[Variable] = []
        self._loops: list[dict[Variable, InvalidCircuitError]] = []
        self._log: list[Variable] = []

    def take(self, words: int) -> int:
        """Return the first of so many words that nothing uses now."""
        first = self.first_free
        self.first_free += words
        return first

    def use(self, first: int, words: int) -> None:
        """Note that the program needs these words."""
        self.words = max(self.words, first + words)

    def give_back(self, first: int) -> None:
        """Let others use this word and all that were taken after it."""
        self.first_free = first

    def declare(self, declared: Iterable[expr.Var], clear: list[int]) -> Declared:
        """Make variables visible that have no value yet; `clear` is the code that runs at every entry."""
        declared_here = Declared(self.first_free)
        for var in declared:
            variable = self._declare(var, declared_here, flag_words=1)
            variable.clears.append(clear)
        return declared_here

    def open_input(self, var: expr.Var) -> tuple[Declared, Variable]:
        """Make one variable visible that always has a value."""
        declared_here = Declared(self.first_free)
        variable = self._declare(var, declared_here, flag_words=0)
        variable.assigned = variable.stored = True
        return declared_here, variable

    def forget(self, declared: Declared) -> None:
        """Forget the variables of a scope."""
        for var, hidden in declared.hidden:
            if hidden is None:
                del self._visible[var]
            else:
                self._visible[var] = hidden
        self.first_free = declared.first_free

    def _declare(self, var: expr.Var, declared: Declared, flag_words: int) -> Variable:
        words = words_of(var.type)
        variable = Variable(var.name, self.take(words + flag_words), words, len(self._loops))
        self.use(variable.first, words + flag_words)
        declared.hidden.append((var, self._visible.get(var)))
        self._visible[var] = variable
        return variable

    def find(self, var: expr.Var) -> Variable:
        """Return the variable in scope.

        Raises
        ------
        InvalidCircuitError
            If there is none.
        """
        variable = self._visible.get(var)
        if variable is None:
            msg = f"variable {var.name!r} is not declared in any circuit around it; declare it with add_var"
            raise InvalidCircuitError(msg)
        return variable

    def read(self, variable: Variable) -> list[int]:
        """Return the code that guards a read; it is empty if the variable surely has a value.

        Raises
        ------
        InvalidCircuitError
            If it certainly has none.
        """
        if variable.assigned:
            return []
        if not variable.stored:
            error = InvalidCircuitError(
                f"variable {variable.name!r} is read before it has a value; store one first, e.g. with add_var"
            )
            if variable.loops == len(self._loops):
                raise error
            doubtful = self._loops[variable.loops]  # something later in the loop may store it
            if variable not in doubtful:
                doubtful[variable] = self._locate(error)
        if variable.label < 0:
            variable.label = len(self.labels)
            self.labels.append(variable.name)
            self._flagged.append(variable)
        return [classical_codes()["require"], variable.flag, variable.label]

    def store(self, variable: Variable, code: list[int]) -> None:
        """Note that a code gives a variable its value."""
        variable.stores.append(code)
        variable.stored = True
        self.assign(variable)

    def assign(self, variable: Variable) -> None:
        """Note that a variable surely has a value from here on."""
        if not variable.assigned:
            variable.assigned = True
            self._log.append(variable)

    def in_unit(self, length: float, in_dt: bool) -> float:
        """Return the length of a duration.

        Raises
        ------
        InvalidCircuitError
            If others were in seconds and this is in dt, or the other way round.
        """
        if self._in_dt is None:
            self._in_dt = in_dt
        if self._in_dt != in_dt:
            msg = "durations in dt cannot be compared or added to durations in seconds; use dt everywhere or nowhere"
            raise InvalidCircuitError(msg)
        return length

    def enter_loop(self) -> None:
        """Begin a stretch that may run again."""
        self._loops.append({})

    def leave_loop(self) -> None:
        """End it.

        Raises
        ------
        InvalidCircuitError
            If a read in it came before any store, and nothing in the loop stores.
        """
        for variable, error in self._loops.pop().items():
            if not variable.stored:
                raise error

    def position(self) -> int:
        """Return a position in the history of what has got a value."""
        return len(self._log)

    def undo(self, position: int) -> set[Variable]:
        """Go back to a position and return what has got a value since."""
        since = set(self._log[position:])
        for variable in since:
            variable.assigned = False
        del self._log[position:]
        return since

    def finish(self) -> None:
        """Extend the codes by the flags of those variables whose reads are guarded."""
        for variable in self._flagged:
            for code in variable.stores:
                code += [classical_codes()["set_flag"], variable.flag]
            for code in variable.clears:
                code += [classical_codes()["clear_flag"], variable.flag]


class Ways:
    """The ways through a construct; only what all of them have stored surely has a value afterwards."""

    def __init__(self, variables: VariableTable) -> None:
        self._variables = variables
        self._begin = variables.position()
        self._reachable = variables.reachable
        self._common: set[Variable] | None = None

    def begin(self) -> None:
        """Begin one of the ways."""
        self._variables.reachable = self._reachable

    def end(self) -> None:
        """End it."""
        stored = self._variables.undo(self._begin)
        if self._variables.reachable:
            self._common = stored if self._common is None else self._common & stored

    def around(self) -> None:
        """Note that there is a way that stores nothing."""
        self._common = set()

    def join(self) -> None:
        """Go on behind the construct."""
        self._variables.reachable = self._reachable and self._common is not None
        for variable in self._common or ():
            self._variables.assign(variable)
