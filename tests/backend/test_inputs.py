"""`run(..., inputs={...})`: values of input variables and of parameters, by object or by name."""

from __future__ import annotations

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter, ParameterVector
from qiskit.circuit.classical import expr, types

from ketjet import Simulator
from ketjet.basicaer import BasicAer
from ketjet.errors import InvalidCircuitError, InvalidOptionError, OptionTypeError


def open_circuit():
    """Turn about `angle` and `theta`; flip qubit 1 if `flag`, and qubits 2 and 3 by the bits of `number`."""
    angle, theta = expr.Var.new("angle", types.Float()), Parameter("theta")
    flag, number = expr.Var.new("flag", types.Bool()), expr.Var.new("number", types.Uint(2))
    circuit = QuantumCircuit(4, 4, inputs=[angle, flag, number], name="open")
    circuit.ry(theta, 0)
    with circuit.if_test(expr.greater(angle, 1.0)):
        circuit.x(0)
    with circuit.if_test(flag):
        circuit.x(1)
    for bit in range(2):
        with circuit.if_test(expr.index(number, bit)):
            circuit.x(2 + bit)
    circuit.measure(range(4), range(4))
    return circuit, angle, flag, number, theta


VALUES = {"angle": 2.0, "flag": True, "number": 2, "theta": 0.0}


def counts(circuit, **options):
    return Simulator().run(circuit, shots=20, **options).result().get_counts()


@pytest.mark.parametrize("flag", [False, True])
@pytest.mark.parametrize("number", range(4))
@pytest.mark.parametrize("angle", [0.5, 2.0])
def test_values_decide_what_runs(flag, number, angle):
    circuit, *_ = open_circuit()
    values = {"angle": angle, "flag": flag, "number": number, "theta": 0}
    assert counts(circuit, inputs=values) == {f"{number:02b}{int(flag)}{int(angle > 1)}": 20}


def test_keys_may_be_the_objects_and_values_numpys():
    circuit, angle, flag, number, theta = open_circuit()
    values = {angle: np.float32(2), flag: np.True_, number: np.uint8(2), theta: np.int64(0)}
    assert counts(circuit, inputs=values) == {"1011": 20}


def test_each_circuit_may_have_its_own():
    circuit, *_ = open_circuit()
    inputs = [VALUES, {**VALUES, "flag": False}]
    result = Simulator().run([circuit, circuit], shots=20, inputs=inputs).result()
    assert result.get_counts() == [{"1011": 20}, {"1001": 20}]
    assert [entry.header["name"] for entry in result.results] == ["open", "open"]
    assert counts([circuit, circuit], inputs=VALUES) == [{"1011": 20}] * 2


def test_parameters_alone_and_beside_bindings():
    theta, phi = Parameter("theta"), Parameter("phi")
    circuit = QuantumCircuit(1)
    circuit.ry(theta, 0)
    circuit.ry(phi, 0)
    circuit.measure_all()
    assert counts(circuit, inputs={"theta": np.pi, "phi": 0}) == {"1": 20}
    both = counts(circuit, inputs={theta: np.pi}, parameter_binds=[{phi: [0, np.pi]}])
    assert both == [{"1": 20}, {"0": 20}]
    vector = ParameterVector("v", 2)
    circuit = QuantumCircuit(2)
    circuit.ry(vector[0], 0)
    circuit.ry(vector[1], 1)
    circuit.measure_all()
    assert counts(circuit, inputs={"v[0]": 0, vector[1]: np.pi}) == {"10": 20}


def test_values_count_as_angles_for_the_sample():
    """Other values are other experiments, and equal ones of one job are independent."""
    number = expr.Var.new("number", types.Uint(8))
    circuit = QuantumCircuit(8, 8, inputs=[number])
    circuit.h(range(8))
    circuit.measure(range(8), range(8))

    def sample(*values):
        job = Simulator().run([circuit] * len(values), inputs=[{"number": v} for v in values], seed_simulator=3)
        return job.result().get_counts()

    first = sample(1)
    assert sample(1) == first
    assert sample(2) != first
    assert sample(2, 1, 1)[1] == first
    assert sample(1, 1)[1] != first


def test_estimate_and_explain_take_them():
    circuit, *_ = open_circuit()
    assert Simulator().estimate(circuit, inputs=VALUES).fits
    assert "measured" in str(Simulator().explain(circuit, inputs=VALUES, analyze=True))
    partly = {name: value for name, value in VALUES.items() if name != "theta"}
    assert Simulator().explain(circuit, inputs=partly).stages
    with pytest.raises(InvalidCircuitError, match="'angle', 'flag', 'number' have no value"):
        Simulator().estimate(circuit)


def test_declared_variables_stay():
    start = expr.Var.new("start", types.Uint(4))
    circuit = QuantumCircuit(2, 2, inputs=[start])
    total = circuit.add_var("total", expr.lift(3, types.Uint(4)))
    left = expr.Var.new("left", types.Bool())
    circuit.add_uninitialized_var(left)
    circuit.store(left, expr.equal(expr.add(start, total), 5))
    with circuit.if_test(left):
        circuit.x(0)
    circuit.measure([0, 1], [0, 1])
    assert counts(circuit, inputs={"start": 2}) == {"01": 20}
    assert counts(circuit, inputs={"start": 3}) == {"00": 20}
    assert circuit.num_input_vars == 1  # the circuit itself is as it was


@pytest.mark.parametrize(
    ("changed", "error", "says"),
    [
        ({"flag": 1}, OptionTypeError, r"input 'flag' \(bool\) must be True or False, got 1"),
        ({"flag": "true"}, OptionTypeError, "'flag'"),
        ({"number": 4}, InvalidOptionError, r"'number' \(uint\[2\]\) must be at most 3, got 4"),
        ({"number": -1}, InvalidOptionError, r"'number' \(uint\[2\]\) must be at least 0, got -1"),
        ({"number": 1.0}, OptionTypeError, r"'number' \(uint\[2\]\) must be an integer, got 1.0"),
        ({"number": True}, OptionTypeError, "'number'"),
        ({"angle": float("nan")}, InvalidOptionError, "'angle' must be finite"),
        ({"angle": "1"}, OptionTypeError, "'angle' must be a real number"),
        ({"theta": 1j}, OptionTypeError, "'theta' must be a real number"),
        ({"theta": float("inf")}, InvalidOptionError, "'theta' must be finite"),
        ({"thta": 1}, InvalidOptionError, r"parameter 'thta'; did you mean 'theta'\? It has angle \(float\), flag"),
        ({Parameter("theta"): 1}, InvalidOptionError, "no input variable or parameter 'theta'"),
        ({expr.Var.new("flag", types.Bool()): True}, InvalidOptionError, "no input variable"),
        ({7: 1}, InvalidOptionError, "'7'"),
    ],
)
def test_wrong_values_are_named(changed, error, says):
    circuit, *_ = open_circuit()
    with pytest.raises(error, match=says):
        counts(circuit, inputs={**VALUES, **changed})


def test_missing_values_are_named():
    circuit, *_ = open_circuit()
    with pytest.raises(InvalidCircuitError, match="'flag', 'number' have no value"):
        counts(circuit, inputs={"angle": 1.0, "theta": 0})
    with pytest.raises(InvalidCircuitError, match=r"without a value: theta|unbound parameters: theta"):
        counts(circuit, inputs={name: value for name, value in VALUES.items() if name != "theta"})
    with pytest.raises(InvalidCircuitError, match="inputs="):
        counts(circuit)


@pytest.mark.parametrize(
    ("inputs", "error", "says"),
    [
        ("angle", OptionTypeError, "a mapping from names to values"),
        ([1], OptionTypeError, "a mapping"),
        ([VALUES, VALUES], InvalidOptionError, "2 mappings for 1 circuits"),
        (5, OptionTypeError, "a mapping"),
    ],
)
def test_inputs_are_mappings(inputs, error, says):
    circuit, *_ = open_circuit()
    with pytest.raises(error, match=says):
        counts(circuit, inputs=inputs)


def test_a_value_is_given_once():
    theta = Parameter("theta")
    circuit = QuantumCircuit(1, 1)
    circuit.rx(theta, 0)
    circuit.measure(0, 0)
    with pytest.raises(InvalidOptionError, match="both inputs and parameter_binds have theta"):
        counts(circuit, inputs={"theta": 1}, parameter_binds={theta: [1]})


def test_a_name_that_two_things_have():
    theta, variable = Parameter("theta"), expr.Var.new("theta", types.Bool())
    circuit = QuantumCircuit(1, 1, inputs=[variable])
    circuit.rx(theta, 0)
    with circuit.if_test(variable):
        circuit.x(0)
    circuit.measure(0, 0)
    with pytest.raises(InvalidOptionError, match="give the objects themselves"):
        counts(circuit, inputs={"theta": 1})
    assert counts(circuit, inputs={theta: 0, variable: True}) == {"1": 20}


def test_old_names_take_them():
    theta = Parameter("theta")
    circuit = QuantumCircuit(1)
    circuit.rx(theta, 0)
    circuit.measure_all()
    backend = BasicAer.get_backend("qasm_simulator")
    assert backend.run(circuit, shots=5, inputs={"theta": np.pi}).result().get_counts() == {"1": 5}


@pytest.mark.parametrize("kind", [Simulator, lambda: BasicAer.get_backend("qasm_simulator")])
def test_a_run_may_start_in_another_state(kind):
    circuit = QuantumCircuit(2)
    circuit.x(0)
    circuit.measure_all()
    assert kind().run(circuit, shots=5, initial_statevector=[0, 0, 1, 0]).result().get_counts() == {"11": 5}
    for wrong, says in (([1, 0], "shape"), ([1, 1, 0, 0], "norm"), ([np.nan, 0, 0, 1], "norm")):
        with pytest.raises(InvalidCircuitError, match=says):
            kind().run(circuit, initial_statevector=wrong)
