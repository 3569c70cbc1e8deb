"""Aer's `save_unitary`: the matrix of a circuit, from one run on twice the qubits."""

from __future__ import annotations

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.circuit.library import QFTGate
from qiskit.circuit.random import random_circuit
from qiskit.quantum_info import Operator
from support.saves import save

from ketjet import Simulator
from ketjet.errors import InsufficientMemoryError, InvalidCircuitError, UnsupportedInstructionError

TOLERANCE = {"single": 1e-5, "double": 1e-12}


def saving(circuit, label="unitary", subtype="single"):
    return save(circuit, "save_unitary", subtype, circuit.qubits, label=label)


@pytest.mark.parametrize("precision", ["single", "double"])
@pytest.mark.parametrize("num_qubits", [1, 2, 5])
def test_it_is_the_matrix(num_qubits, precision):
    for seed in range(5):
        circuit = random_circuit(num_qubits, 6, max_operands=min(num_qubits, 3), seed=seed)
        circuit.global_phase = 0.3
        expected = Operator(circuit).data
        result = Simulator(precision=precision).run(saving(circuit)).result()
        unitary = result.data(0)["unitary"]
        assert isinstance(unitary, Operator)
        assert unitary.data == pytest.approx(expected, abs=TOLERANCE[precision])
        assert np.asarray(result.get_unitary()) == pytest.approx(expected, abs=TOLERANCE[precision])


def test_it_is_saved_where_it_stands_under_its_label():
    circuit = QuantumCircuit(2)
    circuit.h(0)
    saving(circuit, "first")
    middle = Operator.from_label("IH").data
    circuit.barrier()
    circuit.append(QFTGate(2), [0, 1])
    saving(circuit, None)
    data = Simulator().run(circuit, shots=3).result().data(0)
    assert data["first"].data == pytest.approx(middle, abs=1e-12)
    assert data["unitary"].data == pytest.approx(Operator(QFTGate(2)).data @ middle, abs=1e-12)


def test_parameters_are_bound():
    theta = Parameter("theta")
    circuit = QuantumCircuit(1, global_phase=theta)
    circuit.rx(theta, 0)
    result = Simulator().run(saving(circuit), parameter_binds=[{theta: [0.3, 1.2]}]).result()
    for entry, value in enumerate((0.3, 1.2)):
        turned = QuantumCircuit(1, global_phase=value)
        turned.rx(value, 0)
        expected = Operator(turned).data
        assert result.data(entry)["unitary"].data == pytest.approx(expected, abs=1e-12)


def test_a_list_has_one_for_each_shot():
    circuit = saving(QuantumCircuit(1), subtype="list")
    assert len(Simulator().run(circuit, shots=3).result().data(0)["unitary"]) == 3


def test_the_circuit_in_the_result_is_the_users():
    circuit = QuantumCircuit(3, 1, name="mine", metadata={"tag": 1})
    header = Simulator().run(saving(circuit)).result().results[0].header
    assert (header["name"], header["n_qubits"], header["memory_slots"]) == ("mine", 3, 1)


def measured():
    circuit = QuantumCircuit(1, 1)
    circuit.measure(0, 0)
    return saving(circuit)


def with_another_save():
    circuit = QuantumCircuit(1)
    save(circuit, "save_expval", "average", [0], [("Z", (1.0, 0))])
    return saving(circuit)


def in_a_block():
    circuit = QuantumCircuit(1, 1)
    with circuit.if_test((circuit.clbits[0], 0)):
        saving(circuit)
    return circuit


def in_a_definition():
    circuit = QuantumCircuit(1)
    circuit.append(saving(QuantumCircuit(1)).to_instruction(), [0])
    return circuit


def of_some_qubits():
    return save(QuantumCircuit(2), "save_unitary", "single", [1, 0])


@pytest.mark.parametrize(
    ("circuit", "error", "says"),
    [
        (measured, InvalidCircuitError, "no matrix: it contains 'measure'"),
        (with_another_save, InvalidCircuitError, "no matrix: it contains 'save_expval'"),
        (in_a_block, UnsupportedInstructionError, "outermost circuit"),
        (in_a_definition, UnsupportedInstructionError, "outermost circuit"),
        (of_some_qubits, InvalidCircuitError, "all qubits in their order"),
        (lambda: saving(QuantumCircuit(30)), InsufficientMemoryError, "60 qubits"),
    ],
)
def test_what_has_no_matrix_is_refused(circuit, error, says):
    with pytest.raises(error, match=says):
        Simulator().run(circuit())


def test_there_is_no_state_to_return():
    with pytest.raises(InvalidCircuitError, match="return_state"):
        Simulator().run(saving(QuantumCircuit(1)), return_state=True)


def test_estimates_know_of_twice_the_qubits():
    estimate = Simulator().estimate(saving(QuantumCircuit(10)))
    assert estimate.state_bytes >= 16 << 20
