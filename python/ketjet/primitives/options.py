"""The options of the primitives, in the shape that Aer gives them.

`backend_options` are what a `Simulator` is made of, `run_options` what its `run` takes. An option of a run may also be
set by its name alone: ``options.seed_simulator = 7``.
"""

from __future__ import annotations

import copy
import difflib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeVar

from ketjet.base.warnings import warn
from ketjet.errors import UnknownOptionError
from ketjet.options import SimulatorOptions
from ketjet.options.checks import choice, flag, integer, invalid, number, wrong_type
from ketjet.options.simulator_options import FOREIGN, MAX_SHOTS, unknown_option

if TYPE_CHECKING:
    from ketjet.options.checks import Check

__all__ = ["EstimatorOptions", "PrimitiveOptions", "SamplerOptions"]

Self = TypeVar("Self", bound="PrimitiveOptions")

SET_BY_PRIMITIVES = frozenset({"shots", "memory", "parameter_binds", "exact", "return_state"})
"""Options of a run that a primitive sets itself."""

PARTS_OF_CIRCUITS = frozenset({"inputs", "initial_statevector"})
"""What `Simulator.run` takes for one circuit or several, and a primitive for none."""

OPTIONS_OF_RUNS = (
    frozenset(SimulatorOptions.__dataclass_fields__) | FOREIGN.keys() | SET_BY_PRIMITIVES | PARTS_OF_CIRCUITS
)


class PrimitiveOptions:
    """Options that both primitives have, and those of one in a subclass; checked when they are set.

    Parameters
    ----------
    options
        Those that are not to have their defaults.

    Raises
    ------
    UnknownOptionError, OptionTypeError, InvalidOptionError
        An option is misspelt, has the wrong type, or is out of range.
    """

    own: ClassVar[Mapping[str, tuple[Any, Check]]]
    """Default and check of each option of this primitive's own."""

    backend_options: dict[str, Any]
    """What the simulator is made of: arguments of `Simulator`."""
    run_options: dict[str, Any]
    """Options of each run: fields of `ketjet.options.SimulatorOptions`."""

    def __init__(self, **options: Any) -> None:
        defaults = {name: default for name, (default, _) in self.own.items()}
        self.__dict__.update(defaults, backend_options={}, run_options={}, _told=set())
        for name, value in options.items():
            setattr(self, name, value)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in self.own:
            self.__dict__[name] = self.own[name][1](name, value)
        elif name in ("backend_options", "run_options"):
            if not isinstance(value, Mapping):
                raise wrong_type(name, value, "a mapping from names to values")
            if name == "run_options":
                self._checked(value)
            self.__dict__[name] = dict(value)
        elif name in OPTIONS_OF_RUNS:
            self._checked({name: value})
            self.run_options[name] = value
        else:
            known = (*self.own, "backend_options", "run_options")
            close = difflib.get_close_matches(name, [*known, *SimulatorOptions.__dataclass_fields__], n=1)
            hint = f"did you mean {close[0]!r}?" if close else f"the options are {', '.join(known)}."
            raise UnknownOptionError(f"unknown option {name!r} of a primitive: {hint}")

    def __getattr__(self, name: str) -> Any:
        """Return an option of the runs."""
        if name in OPTIONS_OF_RUNS:
            return self.__dict__.get("run_options", {}).get(name)
        raise AttributeError(f"{type(self).__name__} has no option {name!r}")

    def of_run(self) -> dict[str, Any]:
        """Return the options of a run as they are now, without those that the primitive sets itself.

        Raises
        ------
        UnknownOptionError, OptionTypeError, InvalidOptionError
            Somebody has put something else into `run_options`.
        """
        return self._checked(self.run_options) if self.run_options else {}

    def _checked(self, options: Mapping[str, Any]) -> dict[str, Any]:
        for name in options:
            if name in PARTS_OF_CIRCUITS:
                raise invalid(
                    f"run_options of a primitive: {name} belongs to a circuit; make it a part of the circuit."
                )
            if name not in OPTIONS_OF_RUNS:
                raise unknown_option(name)
        heeded = {name: value for name, value in options.items() if name not in SET_BY_PRIMITIVES}
        SimulatorOptions.resolve({name: value for name, value in heeded.items() if name not in FOREIGN})
        if new := sorted(options.keys() - heeded.keys() - self._told):
            self._told.update(new)
            warn(
                f"run_options of a primitive: {', '.join(new)} {'is' if len(new) == 1 else 'are'} left out, for the "
                "primitive sets that itself."
            )
        return heeded

    def copy(self: Self) -> Self:  # noqa: PYI019 - typing.Self needs Python 3.11
        """Return options that are changed independently of these."""
        return copy.copy(self)

    def __copy__(self: Self) -> Self:  # noqa: PYI019 - typing.Self needs Python 3.11
        made = type(self).__new__(type(self))
        values = {name: dict(value) if isinstance(value, dict) else value for name, value in self._values().items()}
        made.__dict__.update(values, _told=set(self._told))
        return made

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self._values() == other._values()

    __hash__ = None  # type: ignore[assignment]

    def _values(self) -> dict[str, Any]:
        return {name: self.__dict__[name] for name in (*self.own, "backend_options", "run_options")}

    def __repr__(self) -> str:
        values = ", ".join(f"{name}={value!r}" for name, value in self._values().items())
        return f"{type(self).__name__}({values})"


class SamplerOptions(PrimitiveOptions):
    """Options of `SamplerV2`."""

    own = {"default_shots": (1024, integer(1, MAX_SHOTS))}  # noqa: RUF012 - of the class above

    default_shots: int
    """Shots of a pub where neither it nor the call says how many."""


class EstimatorOptions(PrimitiveOptions):
    """Options of `EstimatorV2`."""

    own = {  # noqa: RUF012 - of the class above
        "default_precision": (0.0, number(zero=True)),
        "light_cones": (True, flag),
        "noise": ("target", choice("target", "sampled")),
        "trajectories": (0, integer(0, MAX_SHOTS)),
        "variances": (False, flag),
    }

    default_precision: float
    """Standard error of a value where neither its pub nor the call says how large; 0 for exact values."""
    light_cones: bool
    """Whether the parts of a circuit that the observables depend on may run as circuits of their own."""
    noise: Literal["target", "sampled"]
    """Whether the standard error is the precision itself, or the precision times the standard deviation of what is
    measured, as 1 / precision**2 shots have it."""
    trajectories: int
    """Over how many shots a circuit is averaged whose loops have no bound; 0 to follow them as far as they are
    probable."""
    variances: bool
    """Whether data have ``variances`` too: of the outcomes of measuring each observable."""
