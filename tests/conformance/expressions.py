"""Every operation, type and operand of Qiskit's classical expressions, each in a statement that is true."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit import Duration
from qiskit.circuit.classical import expr, types

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

VALUES: dict[str, Any] = {
    "t": True, "n": False, "f": 2.5, "g": -1.5, "d": Duration.dt(100),
    "wide": expr.lift((1 << 99) + 1, types.Uint(100)),
    "a": expr.lift(11, types.Uint(4)), "b": expr.lift(6, types.Uint(4)), "s": expr.lift(2, types.Uint(4)),
}  # fmt: skip
"""The variables of the statements."""

TRUE: dict[str, Callable[[Any], Any]] = {
    "bit: legacy condition": lambda v: (v.c, 1),
    "bit": lambda v: expr.lift(v.c),
    "register: legacy condition": lambda v: (v.r, 5),
    "register": lambda v: expr.equal(v.r, 5),
    "variable Bool": lambda v: v.t,
    "variable Uint": lambda v: expr.equal(v.a, 11),
    "variable Float": lambda v: expr.equal(v.f, 2.5),
    "variable Duration": lambda v: expr.equal(v.d, Duration.dt(100)),
    "value Bool": lambda _: expr.lift(True),
    "value Uint of 64 bits": lambda v: expr.equal(expr.cast(v.a, types.Uint(64)), expr.lift(11, types.Uint(64))),
    "variable Uint of 100 bits": lambda v: expr.equal(v.wide, (1 << 99) + 1),
    "BIT_AND Uint": lambda v: expr.equal(expr.bit_and(v.a, v.b), 2),
    "BIT_OR Uint": lambda v: expr.equal(expr.bit_or(v.a, v.b), 15),
    "BIT_XOR Uint": lambda v: expr.equal(expr.bit_xor(v.a, v.b), 13),
    "BIT_NOT Uint": lambda v: expr.equal(expr.bit_not(v.a), 4),
    "BIT_AND Bool": lambda v: expr.bit_and(v.t, v.c),
    "BIT_OR Bool": lambda v: expr.bit_or(v.n, v.c),
    "BIT_XOR Bool": lambda v: expr.bit_xor(v.n, v.t),
    "BIT_NOT Bool": lambda v: expr.bit_not(v.n),
    "LOGIC_AND": lambda v: expr.logic_and(v.t, v.c),
    "LOGIC_OR": lambda v: expr.logic_or(v.n, v.t),
    "LOGIC_NOT": lambda v: expr.logic_not(v.n),
    "EQUAL Bool": lambda v: expr.equal(v.t, v.c),
    "NOT_EQUAL Bool": lambda v: expr.not_equal(v.t, v.n),
    "EQUAL Uint": lambda v: expr.equal(v.r, 5),
    "NOT_EQUAL Uint": lambda v: expr.not_equal(v.a, v.b),
    "LESS Uint": lambda v: expr.less(v.b, v.a),
    "LESS_EQUAL Uint": lambda v: expr.less_equal(v.r, 5),
    "GREATER Uint": lambda v: expr.greater(v.a, v.r),
    "GREATER_EQUAL Uint": lambda v: expr.greater_equal(v.a, 11),
    "LESS Float": lambda v: expr.less(v.g, v.f),
    "LESS_EQUAL Float": lambda v: expr.less_equal(v.g, -1.5),
    "GREATER Float": lambda v: expr.greater(v.f, v.g),
    "GREATER_EQUAL Float": lambda v: expr.greater_equal(v.f, 2.5),
    "NOT_EQUAL Float": lambda v: expr.not_equal(v.f, v.g),
    "SHIFT_LEFT": lambda v: expr.equal(expr.shift_left(v.a, 1), 6),
    "SHIFT_LEFT by a variable": lambda v: expr.equal(expr.shift_left(1, v.s, types.Uint(4)), 4),
    "SHIFT_LEFT beyond the width": lambda v: expr.equal(expr.shift_left(v.a, 9), 0),
    "SHIFT_RIGHT": lambda v: expr.equal(expr.shift_right(v.a, 2), 2),
    "SHIFT_RIGHT beyond the width": lambda v: expr.equal(expr.shift_right(v.a, 9), 0),
    "ADD Uint, overflow": lambda v: expr.equal(expr.add(v.a, v.b), 1),
    "SUB Uint, underflow": lambda v: expr.equal(expr.sub(v.b, v.a), 11),
    "MUL Uint, overflow": lambda v: expr.equal(expr.mul(v.a, v.b), 2),
    "DIV Uint": lambda v: expr.equal(expr.div(v.a, v.s), 5),
    "ADD Float": lambda v: expr.equal(expr.add(v.f, v.g), 1.0),
    "SUB Float": lambda v: expr.equal(expr.sub(v.f, v.g), 4.0),
    "MUL Float": lambda v: expr.equal(expr.mul(v.f, v.g), -3.75),
    "DIV Float": lambda v: expr.equal(expr.div(v.f, 2.0), 1.25),
    "NEGATE Float": lambda v: expr.equal(expr.negate(v.f), -2.5),
    "Duration: EQUAL": lambda _: expr.equal(Duration.dt(7), Duration.dt(7)),
    "Duration: LESS of units": lambda _: expr.less(Duration.ns(900), Duration.us(1)),
    "Duration: ADD": lambda _: expr.equal(expr.add(Duration.dt(3), Duration.dt(4)), Duration.dt(7)),
    "Duration: SUB": lambda _: expr.equal(expr.sub(Duration.dt(9), Duration.dt(4)), Duration.dt(5)),
    "Duration: MUL by Uint": lambda v: expr.equal(expr.mul(Duration.dt(3), v.s), Duration.dt(6)),
    "Duration: MUL by Float": lambda _: expr.equal(expr.mul(2.0, Duration.dt(3)), Duration.dt(6)),
    "Duration: DIV by Float": lambda _: expr.equal(expr.div(Duration.dt(6), 2.0), Duration.dt(3)),
    "Duration: DIV to Float": lambda _: expr.equal(expr.div(Duration.dt(10), Duration.dt(4)), 2.5),
    "Duration: NEGATE": lambda _: expr.less(expr.negate(Duration.dt(3)), Duration.dt(1)),
    "INDEX of a variable": lambda v: expr.index(v.a, 3),
    "INDEX of a register": lambda v: expr.index(v.r, 2),
    "INDEX by a variable": lambda v: expr.index(v.r, v.s),
    "CAST Uint to more bits": lambda v: expr.equal(expr.add(expr.cast(v.a, types.Uint(8)), v.b), 17),
    "CAST Uint to fewer bits": lambda v: expr.equal(expr.cast(v.a, types.Uint(3)), 3),
    "CAST Uint to Bool": lambda v: expr.cast(v.b, types.Bool()),
    "CAST Bool to Uint": lambda v: expr.equal(expr.cast(v.t, types.Uint(4)), 1),
    "CAST Uint to Float": lambda v: expr.equal(expr.cast(v.a, types.Float()), 11.0),
    "CAST Float to Uint": lambda v: expr.equal(expr.cast(v.f, types.Uint(4)), 2),
    "CAST Float to Bool": lambda v: expr.cast(v.f, types.Bool()),
    "CAST Bool to Float": lambda v: expr.equal(expr.cast(v.t, types.Float()), 1.0),
    "nested operations": lambda v: expr.logic_and(
        expr.less(expr.add(v.a, expr.shift_left(v.b, 1)), 8), expr.logic_not(expr.index(v.b, 0))
    ),
}
"""Statements over the bit c = 1, the register r = 5 of 3 bits, and the variables."""


class Operands:
    """The bits of a circuit by name, and its variables, added when they are first asked for."""

    def __init__(self, circuit: QuantumCircuit) -> None:
        self._circuit = circuit
        bit, self.r = ClassicalRegister(1, "c"), ClassicalRegister(3, "r")
        circuit.add_register(bit, self.r)
        circuit.x([2, 4])
        circuit.measure([2, 3, 4], self.r)
        circuit.measure(2, bit)
        self.c = bit[0]

    def __getattr__(self, name: str) -> Any:
        variable = self._circuit.add_var(name, VALUES[name])
        setattr(self, name, variable)
        return variable


def expression_circuits() -> Iterator[tuple[str, QuantumCircuit, str]]:
    """Yield name, circuit and outcome: the then-branch flips qubit 0, the else-branch qubit 1."""
    for name, statement in TRUE.items():
        out = ClassicalRegister(2, "out")
        circuit = QuantumCircuit(QuantumRegister(5, "q"), out)
        with circuit.if_test(statement(Operands(circuit))) as otherwise:
            circuit.x(0)
        with otherwise:
            circuit.x(1)
        circuit.measure([0, 1], out)
        yield f"expr: {name}", circuit, "101" + "1" + "01"
