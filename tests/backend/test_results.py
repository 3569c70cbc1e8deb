"""Results: packed outcomes in, exactly the strings Qiskit would make out."""

from __future__ import annotations

import json
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from qiskit import QuantumCircuit
from qiskit.exceptions import QiskitError
from qiskit.result import Counts, Result, marginal_counts
from support.engine_runs import FACTS
from support.pauses import longest_pause

from ketjet.engine import Outcome, Task
from ketjet.experiment import Experiment
from ketjet.lowering import lower
from ketjet.results.result import SimulationResult, build_result


def pack(numbers, num_clbits):
    words = max(1, -(-num_clbits // 64))
    return np.array([[number >> 64 * word & (1 << 64) - 1 for word in range(words)] for number in numbers], np.uint64)


def experiment(creg_sizes, *, measured=True, **header):
    slots = sum(size for _, size in creg_sizes)
    header = {"name": "circuit", "creg_sizes": creg_sizes, "memory_slots": slots, **header}
    task = Task(lower(QuantumCircuit(1, slots)).program, shots=10, seed=7)
    return Experiment(task, 0, shots=10, seed=7, header=header, has_measurements=measured)


def result_of(numbers, counts, creg_sizes, *, memory=None, state=None, **settings):
    num_clbits = settings.get("memory_slots", sum(size for _, size in creg_sizes))
    outcome = Outcome(
        pack(numbers, num_clbits),
        np.array(counts, np.int64),
        None if memory is None else pack(memory, num_clbits),
        state,
        num_clbits,
        FACTS,
    )
    return build_result(
        [experiment(creg_sizes, **settings)], [outcome], backend_name="ketjet", backend_version="1", job_id="j",
        time_taken=1.0, metadata={"threads": 2},
    )  # fmt: skip


@given(data=st.data())
def test_strings_are_those_of_qiskit(data):
    sizes = data.draw(st.lists(st.integers(0, 70), min_size=1, max_size=4).filter(sum))
    numbers = sorted(data.draw(st.sets(st.integers(0, 2 ** sum(sizes) - 1), min_size=1, max_size=5)))
    cregs = [[f"c{i}", size] for i, size in enumerate(sizes)]
    result = result_of(numbers, range(1, len(numbers) + 1), cregs, memory=numbers[::-1])
    plain = Result.from_dict(result.to_dict())
    assert result.get_counts() == plain.get_counts()
    assert result.get_memory() == plain.get_memory()
    assert result.data() == plain.data()
    counts = result.get_counts()
    assert isinstance(counts, Counts)
    assert counts.int_outcomes() == dict(zip(numbers, range(1, len(numbers) + 1), strict=True))
    assert counts.hex_outcomes() == plain.get_counts().hex_outcomes()
    assert (counts.creg_sizes, counts.memory_slots) == (cregs, sum(sizes))


def test_aer_keys():
    result = result_of([0, 5], [4, 6], [["a", 2], ["b", 1]], memory=[5, 0, 5])
    (data,) = result.results
    assert data.data.counts == {"0x0": 4, "0x5": 6}
    assert data.data.memory == ["0x5", "0x0", "0x5"]
    assert (data.shots, data.success, data.status, data.seed_simulator, data.seed) == (10, True, "DONE", 7, 7)
    assert (data.time_taken, result.time_taken, result.metadata) == (0.5, 1.0, {"threads": 2})
    assert (result.backend_name, result.job_id, result.status, result.success) == ("ketjet", "j", "COMPLETED", True)
    assert result.get_counts() == {"0 00": 4, "1 01": 6}
    assert result.get_counts("circuit") == result.get_counts(0) == result.get_counts()
    assert result.get_memory() == ["1 01", "0 00", "1 01"]


def test_bits_outside_registers_are_shown_without_spaces():
    result = result_of([1, 4], [1, 1], [["a", 1]], memory_slots=3)
    assert result.get_counts() == {"001": 1, "100": 1}


def test_memory_stays_packed_until_asked():
    result = result_of([1], [3], [["c", 2]], memory=[1, 1, 1])
    data = result.results[0].data
    result.get_counts()
    assert "memory" not in vars(data)
    assert data.packed.memory.dtype == np.uint64
    assert result_of([1], [3], [["c", 2]]).results[0].data.to_dict().keys() == {"counts"}
    with pytest.raises(QiskitError, match="memory=True"):
        result_of([1], [3], [["c", 2]]).get_memory()


def test_a_statevector_is_the_engines_memory():
    state = np.array([0.6, 0.8j])
    result = result_of([0], [10], [], state=state, measured=False)
    assert result.get_statevector() is state
    assert np.array_equal(result.get_statevector(decimals=0), [1, 1j])
    assert result.get_counts() == pytest.approx({"0": 0.36, "1": 0.64})
    text = json.dumps(result.to_dict())
    assert np.allclose(Result.from_dict(json.loads(text)).get_statevector(), state)


def test_no_measurement_is_explained():
    result = result_of([0], [10], [], measured=False)
    assert result.data() == {}
    with pytest.raises(QiskitError, match="measure_all"):
        result.get_counts()
    with pytest.raises(QiskitError, match="return_state=True"):
        result.get_statevector()


def test_failures_are_told_per_circuit():
    good = result_of([1], [1], [["c", 1]]).results[0].data.packed
    some = [experiment([["c", 1]]), experiment([["c", 1]], name="other")]
    partial = build_result(some, [good, MemoryError("no room")])
    assert (partial.success, partial.status) == (False, "PARTIAL COMPLETED")
    assert partial.results[1].status == "ERROR: no room"
    assert partial.get_counts(0) == {"1": 1}
    with pytest.raises(QiskitError, match="no room"):
        partial.get_counts("other")
    assert build_result(some, [MemoryError(), MemoryError()]).status == "ERROR"
    json.dumps(partial.to_dict())


def test_to_dict_is_plain_whatever_the_user_attached():
    odd = {"when": object, "array": np.arange(2), "number": np.float32(1), "set": {1}, 3: 1j, "nan": float("nan")}
    result = result_of([1], [1], [["c", 1]], metadata=odd)
    text = json.dumps(result.to_dict(), allow_nan=False)
    assert json.loads(text)["results"][0]["header"]["metadata"]["array"] == [0, 1]


def test_results_pickle():
    result = result_of([1], [3], [["c", 2]], memory=[1, 1, 1], state=np.array([1, 0j]))
    result.get_counts()
    again = pickle.loads(pickle.dumps(result))
    assert isinstance(again, SimulationResult)
    assert again.get_memory() == result.get_memory()
    assert again.to_dict() == result.to_dict()


def test_qiskits_own_functions_take_results_and_counts():
    result = result_of([0, 5], [4, 6], [["a", 2], ["b", 1]])
    assert marginal_counts(result.get_counts(), [2]) == {"0": 4, "1": 6}
    assert marginal_counts(result, [0]).get_counts() == {"0": 4, "1": 6}
    with_memory = marginal_counts(result_of([0, 5], [1, 1], [["a", 2], ["b", 1]], memory=[5, 0]), [2])
    assert with_memory.get_counts() == {"0": 1, "1": 1}
    assert with_memory.get_memory() == ["1", "0"]
    assert result.get_counts().most_frequent() == "1 01"
    assert result.get_counts().shots() == 10


def test_many_outcomes():
    numbers = range(1 << 18)
    counts = result_of(numbers, np.ones(1 << 18, np.int64), [["c", 18]]).get_counts()
    assert len(counts) == 1 << 18
    assert counts[format(12345, "018b")] == 1


def test_other_threads_run_while_many_outcomes_are_formatted():
    result = result_of(range(1 << 20), np.ones(1 << 20, np.int64), [["c", 20]])
    assert any(longest_pause(result.get_counts) < 1 / 8 for _ in range(3))
