"""Control flow of Qiskit circuits, each construct with the outcome it must have; ``program.py`` has the rest.

A construct is a function that fills a circuit of 3 qubits and 3 bits; the outcome is written bit 2 first. Outcome
``None`` is for what may be refused, since a state vector gives it no meaning or the circuit is no complete program.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit import CASE_DEFAULT, Annotation, Parameter
from qiskit.circuit.classical import expr, types

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CONSTRUCTS: dict[str, tuple[str | None, Callable[[QuantumCircuit], None]]] = {}
UINT = types.Uint(4)


class Remark(Annotation):
    """An annotation of a box."""

    namespace = "benchmark.remark"


def construct(name: str, outcome: str | None) -> Callable[[Callable[[QuantumCircuit], None]], None]:
    """List the function under a name, with the outcome its circuit must have in every shot."""

    def add(function: Callable[[QuantumCircuit], None]) -> None:
        CONSTRUCTS[name] = outcome, function

    return add


def control_circuits() -> Iterator[tuple[str, QuantumCircuit, str | None]]:
    """Yield name, circuit and outcome of everything; one more bit is measured at the end, whatever was executed."""
    for name, (outcome, fill) in CONSTRUCTS.items():
        circuit = QuantumCircuit(QuantumRegister(3, "q"), ClassicalRegister(3, "c"))
        fill(circuit)
        circuit.add_register(last := QuantumRegister(1, "last"), end := ClassicalRegister(1, "end"))
        circuit.measure(last, end)
        yield name, circuit, None if outcome is None else "0" + outcome


def flip(circuit: QuantumCircuit, *qubits: int) -> None:
    """Flip and measure qubits."""
    circuit.x(qubits)
    circuit.measure(qubits, qubits)


@construct("if on a bit", "011")
def _(circuit: QuantumCircuit) -> None:
    flip(circuit, 0)
    with circuit.if_test((circuit.clbits[0], 1)):
        flip(circuit, 1)


@construct("if and else on a register", "101")
def _(circuit: QuantumCircuit) -> None:
    flip(circuit, 0)
    with circuit.if_test((circuit.cregs[0], 2)) as otherwise:
        flip(circuit, 1)
    with otherwise:
        flip(circuit, 2)


@construct("if in if in else", "110")
def _(circuit: QuantumCircuit) -> None:
    with circuit.if_test((circuit.clbits[0], 1)) as otherwise:
        flip(circuit, 0)
    with otherwise, circuit.if_test((circuit.clbits[1], 0)):
        flip(circuit, 1)
        with circuit.if_test((circuit.clbits[1], 1)):
            flip(circuit, 2)


@construct("while on a bit", "001")
def _(circuit: QuantumCircuit) -> None:
    with circuit.while_loop((circuit.clbits[0], 0)):
        flip(circuit, 0)


@construct("while on a register", "001")
def _(circuit: QuantumCircuit) -> None:
    with circuit.while_loop((circuit.cregs[0], 0)):
        flip(circuit, 0)


@construct("while on an expression, Store in it", "001")
def _(circuit: QuantumCircuit) -> None:
    count = circuit.add_var("count", expr.lift(0, UINT))
    with circuit.while_loop(expr.less(count, 5)):
        flip(circuit, 0)
        circuit.store(count, expr.add(count, 1))


@construct("for over a range", "001")
def _(circuit: QuantumCircuit) -> None:
    with circuit.for_loop(range(5)):
        flip(circuit, 0)


@construct("for over a range with a step, backwards", "001")
def _(circuit: QuantumCircuit) -> None:
    with circuit.for_loop(range(9, 0, -2)):
        flip(circuit, 0)


@construct("for over nothing", "000")
def _(circuit: QuantumCircuit) -> None:
    with circuit.for_loop(range(0)):
        flip(circuit, 0)


@construct("for over a set of numbers", "001")
def _(circuit: QuantumCircuit) -> None:
    with circuit.for_loop((4, 1, 7)):
        flip(circuit, 0)


@construct("for with a Parameter in a gate", "001")
def _(circuit: QuantumCircuit) -> None:
    with circuit.for_loop(range(5), Parameter("angle")) as angle:
        circuit.rx(angle * math.pi / 2, 0)  # 10 quarters of a turn
    circuit.measure(0, 0)


@construct("for with a Var", "011")
def _(circuit: QuantumCircuit) -> None:
    with circuit.for_loop(range(4), expr.Var.new("index", UINT)) as index:
        with circuit.if_test(expr.equal(index, 3)):
            flip(circuit, 0)
        with circuit.if_test(expr.less(index, 3)):
            flip(circuit, 1)


@construct("for in for, inner range used outside", "001")
def _(circuit: QuantumCircuit) -> None:
    with circuit.for_loop(range(3)), circuit.for_loop(range(5)):
        flip(circuit, 0)


@construct("break in for", "001")
def _(circuit: QuantumCircuit) -> None:
    with circuit.for_loop(range(10)):
        flip(circuit, 0)
        with circuit.if_test((circuit.clbits[0], 1)):
            circuit.break_loop()


@construct("continue in for", "101")
def _(circuit: QuantumCircuit) -> None:
    with circuit.for_loop(range(3)):
        flip(circuit, 0)
        with circuit.if_test((circuit.clbits[0], 1)):
            circuit.continue_loop()
        flip(circuit, 2)


@construct("break and continue in while", "101")
def _(circuit: QuantumCircuit) -> None:
    with circuit.while_loop(expr.lift(True)):
        flip(circuit, 0)
        with circuit.if_test((circuit.clbits[0], 0)):
            circuit.continue_loop()
        flip(circuit, 2)
        circuit.break_loop()


@construct("switch on a bit", "011")
def _(circuit: QuantumCircuit) -> None:
    flip(circuit, 0)
    with circuit.switch(circuit.clbits[0]) as case:
        with case(True):
            flip(circuit, 1)
        with case(False):
            flip(circuit, 2)


@construct("switch on a register, several labels", "101")
def _(circuit: QuantumCircuit) -> None:
    flip(circuit, 0)
    with circuit.switch(circuit.cregs[0]) as case:
        with case(0, 2, 4):
            flip(circuit, 1)
        with case(1, 3):
            flip(circuit, 2)


@construct("switch with a default", "100")
def _(circuit: QuantumCircuit) -> None:
    with circuit.switch(circuit.cregs[0]) as case:
        with case(7):
            flip(circuit, 1)
        with case(CASE_DEFAULT):
            flip(circuit, 2)


@construct("switch without a match", "000")
def _(circuit: QuantumCircuit) -> None:
    with circuit.switch(circuit.cregs[0]) as case, case(7):
        flip(circuit, 1)


@construct("switch on an expression, a default among the labels", "010")
def _(circuit: QuantumCircuit) -> None:
    target = circuit.add_var("target", expr.lift(3, UINT))
    with circuit.switch(expr.bit_and(target, 2)) as case:
        with case(0):
            flip(circuit, 0)
        with case(5, CASE_DEFAULT):
            flip(circuit, 1)


@construct("break out of switch in for", "001")
def _(circuit: QuantumCircuit) -> None:
    with circuit.for_loop(range(8), expr.Var.new("index", UINT)) as index:
        flip(circuit, 0)
        with circuit.switch(index) as case, case(2):
            circuit.break_loop()


@construct("box", "001")
def _(circuit: QuantumCircuit) -> None:
    with circuit.box():
        flip(circuit, 0)


@construct("box with annotation, label and noop", "001")
def _(circuit: QuantumCircuit) -> None:
    with circuit.box([Remark()], label="remark"):
        circuit.noop(1)
        flip(circuit, 0)


@construct("box with a duration", "001")
def _(circuit: QuantumCircuit) -> None:
    with circuit.box(duration=100, unit="ns"):
        flip(circuit, 0)


@construct("box with a duration of a stretch, box in box", "001")
def _(circuit: QuantumCircuit) -> None:
    stretch = circuit.add_stretch("stretch")
    with circuit.box(duration=expr.mul(2, stretch)), circuit.box():
        flip(circuit, 0)
