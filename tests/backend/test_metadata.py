"""The metadata of a circuit's result: which keys there are, in which order, and what stands behind them."""

from __future__ import annotations

import pytest
from qiskit import QuantumCircuit

from ketjet import Simulator, engine
from ketjet.saves.instruction import SaveInstruction

KNOWN_BEFORE = ["method", "device", "num_clbits", "active_input_qubits", "max_memory_mb"]
OF_THE_RUN = [
    "precision", "threads", "simd", "num_qubits", "required_memory_mb", "plan", "measure_sampling", "plan_time",
    "sample_measure_time", "time_taken", "seed_simulator", "occurrence", "norm_error", "rng_version",
]  # fmt: skip
CHECKED = ["mode", "checks", "max_deviation", "seconds", "mergers", "merging_loss"]
IN_FULL = ["sweeps", "sweeps_compared", "state_compared"]


def bell():
    """A Bell pair on the outer two of three qubits."""
    circuit = QuantumCircuit(3, 2)
    circuit.h(0)
    circuit.cx(0, 2)
    circuit.measure([0, 2], [0, 1])
    return circuit


def branching():
    """A coin that is tossed again where it shows heads."""
    circuit = QuantumCircuit(1, 1)
    circuit.h(0)
    circuit.measure(0, 0)
    with circuit.if_test((0, 1)):
        circuit.h(0)
    circuit.measure(0, 0)
    return circuit


def metadata_of(circuit, **options):
    return Simulator(max_threads=1, seed_simulator=5).run(circuit, **options).result().results[0].metadata


def test_a_run_that_is_sampled_at_its_end():
    facts = metadata_of(bell(), precision="single", isa="portable", max_memory_mb=64)
    assert list(facts) == KNOWN_BEFORE + OF_THE_RUN
    assert list(facts["plan"]) == ["stages", "sweeps", "bytes"]
    times = [facts.pop(name) for name in ("plan_time", "sample_measure_time", "time_taken")]
    assert all(isinstance(seconds, float) and seconds >= 0 for seconds in times)
    assert facts.pop("norm_error") == pytest.approx(0, abs=1e-5)
    assert facts.pop("plan")["sweeps"] == 1
    assert facts == {
        "method": "statevector",
        "device": "CPU",
        "num_clbits": 2,
        "active_input_qubits": [0, 2],
        "max_memory_mb": 64,
        "precision": "single",
        "threads": 1,
        "simd": "portable",
        "num_qubits": 2,
        "required_memory_mb": 1,
        "measure_sampling": True,
        "seed_simulator": 5,
        "occurrence": 0,
        "rng_version": engine.RNG_VERSION,
    }


def test_shots_that_go_different_ways():
    facts = metadata_of(branching())
    assert list(facts) == [*KNOWN_BEFORE, *OF_THE_RUN, "trajectories"]
    assert facts["measure_sampling"] is False
    assert facts["trajectories"] == 2


def test_an_exact_run():
    facts = metadata_of(branching(), exact=True, exact_floor=0.3)
    assert list(facts) == [*KNOWN_BEFORE, *OF_THE_RUN, "trajectories", "exact"]
    assert facts["exact"] == {"floor": 0.3, "remainder": pytest.approx(0.5)}


@pytest.mark.parametrize(("mode", "keys"), [("fast", CHECKED), ("full", CHECKED + IN_FULL)])
def test_a_run_that_checks_itself(mode, keys):
    facts = metadata_of(bell(), verify=mode)
    assert list(facts) == [*KNOWN_BEFORE, *OF_THE_RUN, "verify"]
    assert list(facts["verify"]) == keys
    assert facts["verify"]["mode"] == mode


def test_what_was_saved_comes_last():
    circuit = bell()
    circuit.append(SaveInstruction("save_expval", 3, "<ZZZ>", "average", [("ZZZ", (1.0, 0.0))]), range(3))
    facts = metadata_of(circuit)
    assert list(facts)[-2:] == ["result_types", "result_subtypes"]


def test_of_a_circuit_that_failed_there_is_what_was_known_before():
    never_ends = QuantumCircuit(1, 1)
    with never_ends.while_loop((0, 0)):
        never_ends.x(0)
    never_ends.measure(0, 0)
    job = Simulator(seed_simulator=5).run([bell(), never_ends], max_iterations=10)
    done, failed = job.result(partial=True).results
    assert (done.success, failed.success) == (True, False)
    assert list(failed.metadata) == [*KNOWN_BEFORE, "seed_simulator"]
    assert (failed.seed_simulator, failed.time_taken) == (5, 0.0)
