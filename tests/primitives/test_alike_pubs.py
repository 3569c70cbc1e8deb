"""Pubs of a sampler whose circuits differ in nothing but numbers run as points of one task, and nothing else tells."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter

from ketjet import SamplerV2, Simulator, _core
from ketjet.errors import JobFailedError

TIMES = ("time_taken", "plan_time", "sample_measure_time", "max_memory_mb")


def layered(angles):
    circuit = QuantumCircuit(2)
    for number, angle in enumerate(angles):
        circuit.ry(angle, number % 2)
        circuit.cx(number % 2, (number + 1) % 2)
    circuit.measure_all()
    return circuit


def sampled(pubs, **options):
    """The result of a run, and what its pubs tell but for times."""
    sampler = SamplerV2(seed=5, options={"run_options": options})
    result = sampler.run(pubs, shots=50).result()
    told = []
    for pub in result:
        metadata = dict(pub.metadata["simulator_metadata"])
        for name in TIMES:
            metadata.pop(name, None)
        data = {name: (bits.array.tolist(), bits.shape, bits.num_shots) for name, bits in pub.data.items()}
        told.append((data, pub.metadata["circuit_metadata"], pub.metadata["shots"], metadata))
    return told


A, B = Parameter("a"), Parameter("b")
OPEN = layered([A, 0.5, B])
angles = st.sampled_from([0.25, 1.0, 2.0])
pairs = st.lists(angles, min_size=2, max_size=2)
pubs = st.one_of(
    pairs.map(layered),
    st.lists(angles, min_size=3, max_size=3).map(layered),
    st.tuples(st.lists(angles, min_size=3, max_size=3).map(layered), st.none(), st.sampled_from([20, 50])),
    st.tuples(st.just(OPEN), pairs),
    st.tuples(st.just(OPEN), st.lists(pairs, max_size=3).map(lambda rows: np.reshape(rows, (-1, 2)))),
    st.just(QuantumCircuit(1, 2)),
)


@settings(deadline=None)
@given(st.lists(pubs, min_size=1, max_size=8))
@pytest.mark.filterwarnings("ignore:no classical register")
def test_a_job_tells_the_same_as_if_they_ran_apart(given_pubs):
    assert sampled(given_pubs) == sampled(given_pubs, time_limit=1e6)


def test_pubs_fail_alone(monkeypatch):
    run_points = _core.run_points

    def failing(plan, slots, *arguments, **options):
        if 0.75 in slots:
            raise MemoryError("no room")
        return run_points(plan, slots, *arguments, **options)

    whole = SamplerV2(seed=5).run([layered([angle, 0.5]) for angle in (0.25, 0.75, 1.25)]).result()
    monkeypatch.setattr(_core, "run_points", failing)
    job = SamplerV2(backend=Simulator(seed_simulator=5)).run([layered([angle, 0.5]) for angle in (0.25, 0.75, 1.25)])
    with pytest.raises(JobFailedError, match="1 of 3 points failed: MemoryError: no room"):
        job.result()
    result = job.result(partial=True)
    assert result[1].metadata["error"] == "MemoryError: no room"
    assert not list(result[1].data)
    for index in (0, 2):
        assert result[index].data.meas.get_counts() == whole[index].data.meas.get_counts()
