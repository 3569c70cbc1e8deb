"""Variables, Store, delays, resets and what else is neither gate nor control flow; see ``control.py``."""

from __future__ import annotations

from control import UINT, construct, flip
from qiskit import QuantumCircuit
from qiskit.circuit import Duration, Parameter
from qiskit.circuit.classical import expr, types
from qiskit.circuit.library import PauliProductMeasurement
from qiskit.quantum_info import Pauli, Statevector


@construct("local variable of a block", "010")
def _(circuit: QuantumCircuit) -> None:
    with circuit.for_loop(range(2)):
        local = circuit.add_var("local", expr.lift(1, UINT))
        circuit.store(local, expr.add(local, 1))
        with circuit.if_test(expr.equal(local, 2)):
            flip(circuit, 0)
    with circuit.if_test((circuit.clbits[0], 0)):
        flip(circuit, 1)


@construct("captured variable changed in a block", "001")
def _(circuit: QuantumCircuit) -> None:
    outer = circuit.add_var("outer", False)
    with circuit.box():
        circuit.store(outer, True)
    with circuit.if_test(outer):
        flip(circuit, 0)


@construct("Store to a bit and to an index of a register", "101")
def _(circuit: QuantumCircuit) -> None:
    circuit.store(circuit.clbits[0], True)
    circuit.store(expr.index(circuit.cregs[0], 2), True)


@construct("Store to a register", "110")
def _(circuit: QuantumCircuit) -> None:
    circuit.store(circuit.cregs[0], 6)


@construct("Store to an index of a variable, index a variable", "001")
def _(circuit: QuantumCircuit) -> None:
    word, place = circuit.add_var("word", expr.lift(0, UINT)), circuit.add_var("place", expr.lift(2, UINT))
    circuit.store(expr.index(word, place), True)
    with circuit.if_test(expr.equal(word, 4)):
        flip(circuit, 0)


@construct("uninitialised variable, stored before its use", "001")
def _(circuit: QuantumCircuit) -> None:
    late = expr.Var.new("late", UINT)
    circuit.add_uninitialized_var(late)
    circuit.store(late, 3)
    with circuit.if_test(expr.equal(late, 3)):
        flip(circuit, 0)


@construct("uninitialised variable, used before it is stored", None)
def _(circuit: QuantumCircuit) -> None:
    never = expr.Var.new("never", UINT)
    circuit.add_uninitialized_var(never)
    with circuit.if_test(expr.equal(never, 0)):
        flip(circuit, 0)


@construct("input variable without a value", None)
def _(circuit: QuantumCircuit) -> None:
    with circuit.if_test(circuit.add_input("input", types.Bool())):
        flip(circuit, 0)


@construct("unbound Parameter", None)
def _(circuit: QuantumCircuit) -> None:
    circuit.rx(Parameter("angle"), 0)
    circuit.measure(0, 0)


@construct("measurement again, onto the same bit", "000")
def _(circuit: QuantumCircuit) -> None:
    flip(circuit, 0)
    circuit.x(0)
    circuit.measure(0, 0)


@construct("measurement of a product of Paulis", "011")
def _(circuit: QuantumCircuit) -> None:
    circuit.h([0, 1])
    circuit.cz(0, 1)
    circuit.append(PauliProductMeasurement(Pauli("-XZ")), [0, 1], [0])  # the state has XZ = ZX = 1
    circuit.append(PauliProductMeasurement(Pauli("-ZX")), [0, 1], [1])
    circuit.append(PauliProductMeasurement(Pauli("YY")), [0, 1], [2])


@construct("reset in the middle", "010")
def _(circuit: QuantumCircuit) -> None:
    circuit.h(0)
    circuit.reset(0)
    circuit.measure(0, 0)
    flip(circuit, 1)


@construct("Initialize in the middle, of an entangled qubit", "001")
def _(circuit: QuantumCircuit) -> None:
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.initialize("1", 0)
    circuit.measure(0, 0)


@construct("Initialize with a Statevector, a number", "101")
def _(circuit: QuantumCircuit) -> None:
    circuit.initialize(Statevector.from_label("01"), [0, 1])
    circuit.initialize(1, 2)
    circuit.measure(range(3), range(3))


@construct("delay in dt, in ns, of Duration, stretch and expression", "001")
def _(circuit: QuantumCircuit) -> None:
    stretch = circuit.add_stretch("stretch")
    circuit.delay(100, 0)
    circuit.delay(50, 0, "ns")
    for duration in (expr.lift(Duration.us(2)), stretch, expr.add(expr.mul(2, stretch), Duration.ns(3))):
        circuit.delay(duration, 0)
    flip(circuit, 0)


@construct("barrier, id, global phase", "001")
def _(circuit: QuantumCircuit) -> None:
    circuit.global_phase = 0.3
    circuit.barrier()
    circuit.id(0)
    flip(circuit, 0)


@construct("global phase in a branch", "001")
def _(circuit: QuantumCircuit) -> None:
    body = QuantumCircuit(1, global_phase=1.0)
    body.x(0)
    circuit.if_test((circuit.clbits[0], 0), body, [0], [])
    circuit.measure(0, 0)
