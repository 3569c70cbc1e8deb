"""QuantumGeometricTensor: lists as qiskit-algorithms gives them, parts, and the life of its job."""

from __future__ import annotations

import enum
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.circuit.library import efficient_su2, real_amplitudes
from support.circuits import layered_circuit

from ketjet import PrimitiveJob, QuantumGeometricTensor, Simulator
from ketjet.errors import (
    InvalidCircuitError,
    InvalidOptionError,
    InvalidPubError,
    JobFailedError,
    OptionTypeError,
)

A = Parameter("a")


class DerivativeType(enum.Enum):
    """As in qiskit_algorithms.gradients."""

    REAL = "real"
    IMAG = "imag"
    COMPLEX = "complex"


def test_lists_give_the_simulators_tensors():
    one, two = efficient_su2(3, reps=1), real_amplitudes(2, reps=1)
    points = np.random.default_rng(1).normal(size=(2, 12))
    backend = Simulator()
    job = QuantumGeometricTensor(backend).run(
        [one, two, one], [points[0], points[0, :4], points[1]], [None, None, [one.parameters[4], one.parameters[1]]]
    )
    assert isinstance(job, PrimitiveJob)
    assert job.backend() is backend
    result = job.result()
    assert result.precision == 0
    assert result.derivative_type == "complex"
    expected = backend.quantum_geometric_tensor(one, points)
    np.testing.assert_array_equal(result.qgts[0], expected[0])
    np.testing.assert_array_equal(result.qgts[1], backend.quantum_geometric_tensor(two, points[0, :4]))
    np.testing.assert_allclose(result.qgts[2], expected[1][np.ix_([4, 1], [4, 1])], atol=1e-12)
    assert result.metadata[2]["parameters"] == (one.parameters[4], one.parameters[1])
    assert result.metadata[0]["simulator_metadata"]["num_points"] == 1
    (alone,) = QuantumGeometricTensor().run(one, points[0]).result().qgts
    np.testing.assert_array_equal(alone, expected[0])
    assert QuantumGeometricTensor().run([], []).result().qgts == []


def test_parts_and_the_phase():
    circuit = QuantumCircuit(1, global_phase=A)
    circuit.ry(Parameter("b"), 0)
    for phase_fix, expected in ((True, [[0, 0], [0, 0.25]]), (False, [[1, 0], [0, 0.25]])):
        (found,) = QuantumGeometricTensor(phase_fix=phase_fix).run(circuit, [0.3, 0.4]).result().qgts
        np.testing.assert_allclose(found, expected, atol=1e-12)
    circuit, point = efficient_su2(3, reps=1), np.linspace(0.1, 1.2, 12)
    whole = Simulator().quantum_geometric_tensor(circuit, point)
    tensor = QuantumGeometricTensor(derivative_type=DerivativeType.REAL)
    for kind, part in ((DerivativeType.REAL, np.real), (DerivativeType.IMAG, np.imag), ("complex", np.asarray)):
        tensor.derivative_type = kind
        result = tensor.run([circuit], [point]).result()
        assert result.derivative_type is tensor.derivative_type is kind
        np.testing.assert_array_equal(result.qgts[0], part(whole))
    assert repr(tensor) == f"<QuantumGeometricTensor on {tensor.backend!r}, complex>"


def test_mistakes():
    with pytest.raises(OptionTypeError, match='"real", "imag" or "complex"'):
        QuantumGeometricTensor(derivative_type="all")
    with pytest.raises(OptionTypeError, match=r"ketjet\.Simulator"):
        QuantumGeometricTensor("ketjet")
    circuit = QuantumCircuit(1, name="turned")
    circuit.ry(A, 0)
    with pytest.raises(InvalidPubError, match=r"number of sets of parameter values \(2\)"):
        QuantumGeometricTensor().run([circuit], [[0.1], [0.2]])
    circuit.reset(0)
    with pytest.raises(InvalidCircuitError, match=r"\(reset\)"):
        QuantumGeometricTensor().run([circuit], [[0.1]])


def test_its_job_runs_in_other_processes_and_may_fail_in_part():
    circuit, point = efficient_su2(3, reps=1), np.linspace(0.1, 1.2, 12)
    expected = Simulator().quantum_geometric_tensor(circuit, point)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        found = QuantumGeometricTensor().run([circuit], [point], executor=pool).result().qgts[0]
    np.testing.assert_array_equal(found, expected)
    long = layered_circuit(22, 200)
    long.remove_final_measurements()
    long.ry(A, 0)
    job = QuantumGeometricTensor().run([long, circuit], [[0.1], point], time_limit=0.3)
    with pytest.raises(JobFailedError):
        job.result()
    result = job.result(partial=True)
    assert np.isnan(result.qgts[0]).all()
    assert "time_limit" in result.metadata[0]["error"]
    np.testing.assert_array_equal(result.qgts[1], expected)


@pytest.mark.parametrize("blocks", ["layers", "diagonal"])
def test_blocks_are_those_of_the_simulator(blocks):
    one, two = efficient_su2(3, reps=1), real_amplitudes(2, reps=1)
    points = np.random.default_rng(1).normal(size=(2, 12))
    tensors = QuantumGeometricTensor(blocks=blocks)
    assert f"complex, {blocks}" in repr(tensors)
    found = tensors.run([one, two, one], [points[0], points[0, :4], points[1]]).result().qgts
    backend = Simulator()
    expected = backend.quantum_geometric_tensor(one, points, blocks=blocks)
    np.testing.assert_array_equal(found[0], expected[0])
    np.testing.assert_array_equal(found[2], expected[1])
    np.testing.assert_array_equal(found[1], backend.quantum_geometric_tensor(two, points[0, :4], blocks=blocks))
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        elsewhere = tensors.run([one], [points[0]], executor=pool).result().qgts[0]
    np.testing.assert_array_equal(elsewhere, found[0])
    with pytest.raises(InvalidOptionError, match="blocks must be"):
        QuantumGeometricTensor(blocks="rows")
