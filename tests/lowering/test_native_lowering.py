"""Circuits read through Qiskit's C API: the same programs as from Python, and everything else left to Python."""

from __future__ import annotations

import math
import sys

import numpy as np
import pytest
import qiskit
from hypothesis import given
from hypothesis import strategies as st
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit import Delay, Gate, Measure, Parameter, Qubit, Reset, library
from qiskit.circuit.library import BlueprintCircuit
from qiskit.quantum_info import random_unitary
from support import strategies

from ketjet.errors import InvalidCircuitError
from ketjet.lowering import lower, native

try:
    import ketjet._qiskit_bridge  # noqa: F401
except ModuleNotFoundError:
    raise  # it is part of every build beside Qiskit 2.6 or newer
except ImportError as error:
    pytest.skip(f"Qiskit {qiskit.__version__}: {error}", allow_module_level=True)

PLAIN = {name: gate for name, gate in strategies.STANDARD_GATES.items() if name not in {"id", "global_phase"}}


def by_python(circuit, **options):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys.modules["ketjet.lowering.lower"], "read_plain", lambda *_, **__: None)
        return lower(circuit, **options)


def assert_same(first, second):
    for mine, other in zip(first.program.packed(), second.program.packed(), strict=True):
        np.testing.assert_equal(mine, other)
    assert first.program.fingerprint == second.program.fingerprint
    assert (first.qubits, first.has_measurements) == (second.qubits, second.has_measurements)
    assert (first.parameters, first.saves, first.binding) == ((), (), None)


@st.composite
def plain_circuits(draw):
    """Standard gates, matrices, measurements and barriers on qubits of several registers, with idle ones."""
    circuit = QuantumCircuit(QuantumRegister(3), [Qubit(), Qubit()], QuantumRegister(2), ClassicalRegister(3))
    for _ in range(draw(st.integers(0, 15))):
        kind = draw(st.sampled_from(["gate", "gate", "gate", "matrix", "measure", "barrier"]))
        wires = draw(st.permutations(range(circuit.num_qubits)))
        if kind == "gate":
            template = PLAIN[draw(st.sampled_from(sorted(PLAIN)))]
            gate = template.base_class(*(draw(strategies.angles) for _ in template.params))
            circuit.append(gate, wires[: gate.num_qubits])
        elif kind == "matrix":
            width = draw(st.integers(1, 3))
            circuit.unitary(random_unitary(2**width, seed=draw(strategies.seeds)), wires[:width])
        elif kind == "measure":
            circuit.measure(wires[0], draw(st.integers(0, 2)))
        else:
            circuit.barrier(*wires[: draw(st.integers(1, 7))])
    circuit.global_phase = draw(strategies.angles)
    return circuit


@given(plain_circuits(), st.booleans())
def test_plain_circuits_become_the_same_program(circuit, keep_idle_qubits):
    assert native.read_plain(circuit, keep_idle_qubits=keep_idle_qubits) is not None
    options = {"keep_idle_qubits": keep_idle_qubits}
    assert_same(lower(circuit, **options), by_python(circuit, **options))


@given(strategies.circuits(max_qubits=4, max_operations=8, measure=True))
def test_any_circuit_becomes_the_same_program(circuit):
    first, second = lower(circuit), by_python(circuit)
    for mine, other in zip(first.program.packed(), second.program.packed(), strict=True):
        np.testing.assert_equal(mine, other)


class OwnMeasure(Measure):
    """Not the measurement that everybody knows."""


class OwnGate(Gate):
    """A gate with the name of another one."""

    def __init__(self):
        super().__init__("h", 1, [])

    def _define(self):
        self.definition = QuantumCircuit(1)
        self.definition.s(0)


def two(operation, *wires):
    circuit = QuantumCircuit(5, 5)
    circuit.h(0)
    circuit.append(operation, wires or range(operation.num_qubits), range(operation.num_clbits))
    return circuit


def loop():
    circuit = QuantumCircuit(1, 1)
    with circuit.for_loop(range(3)):
        circuit.h(0)
    return circuit


LEFT = {
    "parameter": two(library.RXGate(Parameter("a"))),
    "object parameters": two(library.DiagonalGate([1, -1])),
    "open control": two(library.CXGate(ctrl_state=0)),
    "opaque mcx": two(library.MCXGate(4)),
    "gate in Python": two(OwnGate()),
    "measurement in Python": two(OwnMeasure()),
    "reset": two(Reset()),
    "delay": two(Delay(3)),
    "initialize": two(library.Initialize([0, 1])),
    "wide matrix": two(library.UnitaryGate(random_unitary(32, seed=1))),
    "loop": loop(),
}


@pytest.mark.filterwarnings("ignore:.*BlueprintCircuit.*:DeprecationWarning")
def test_circuits_that_are_built_when_first_looked_at():
    class Late(BlueprintCircuit):
        def _check_configuration(self, raise_on_failure=True):
            return True

        def _build(self):
            if not self._is_built:
                super()._build()
                self.add_register(QuantumRegister(2, "q"))
                self.append(library.XGate(), [0])
                self.append(library.CXGate(), [0, 1])

    assert lower(Late()).program.num_operations == 2


@pytest.mark.parametrize("kind", LEFT)
def test_what_is_left_to_python(kind):
    assert native.read_plain(LEFT[kind], keep_idle_qubits=False) is None
    lower(LEFT[kind])


@pytest.mark.parametrize("angle", [math.nan, math.inf, -math.inf])
def test_python_says_what_is_wrong_with_an_angle(angle):
    circuit = QuantumCircuit(2)
    circuit.h(0)
    circuit.rx(angle, 1)
    with pytest.raises(InvalidCircuitError, match=r"instruction 1: 'rx' on qubits \[1\]: its angle is"):
        lower(circuit)


def test_python_says_what_is_wrong_with_a_matrix():
    circuit = QuantumCircuit(1)
    circuit.append(library.UnitaryGate(np.array([[1, 1], [0, 1]]), check_input=False), [0])
    with pytest.raises(InvalidCircuitError, match="unitary"):
        lower(circuit)


def test_any_number_of_qubits_is_read():
    circuit = QuantumCircuit(100)
    circuit.h(range(100))
    assert lower(circuit).program.num_qubits == 100


def test_what_is_no_circuit_data_is_refused():
    with pytest.raises(TypeError):
        native._reader().read(object(), 0.0, False)
