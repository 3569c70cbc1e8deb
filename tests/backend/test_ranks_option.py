"""The option `ranks` without any: what is refused in `run`, and what estimates say."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from qiskit import QuantumCircuit

from ketjet import SamplerV2, Simulator
from ketjet.errors import InsufficientMemoryError, InvalidOptionError, OptionTypeError, RanksError
from ketjet.ranks import PlannedRanks


def layered(num_qubits, *, midway=False):
    circuit = QuantumCircuit(num_qubits, num_qubits)
    circuit.h(range(num_qubits))
    for qubit in range(num_qubits):
        circuit.rzx(0.3 + qubit, qubit, (qubit + 3) % num_qubits)
    if midway:
        circuit.measure(0, 0)
        circuit.h(0)
        with circuit.if_test((circuit.clbits[0], 1)):
            circuit.x(1)
    circuit.measure(range(num_qubits), range(num_qubits))
    return circuit


def planned(**fields):
    return Simulator(ranks=PlannedRanks(4, share_from=14, **fields))


def test_ranks_that_are_only_planned_run_nothing():
    with pytest.raises(RanksError, match="only planned"):
        planned().run(layered(16))


@pytest.mark.parametrize(
    ("circuit", "options", "what"),
    [
        (layered(16, midway=True), {}, "control flow"),
        (layered(16), {"exact": True}, "is exact"),
        (layered(16), {"verify": "fast"}, "checks itself"),
    ],
)
def test_what_cannot_be_shared_out_is_refused_by_name(circuit, options, what):
    circuit.name = "wanted"
    with pytest.raises(RanksError, match=f"circuit 'wanted' .*{what}"):
        planned().run(circuit, **options)


def test_small_states_are_not_shared_out():
    small = layered(10, midway=True)
    assert planned().estimate(small).ranks == 1
    assert planned().estimate(layered(13)).ranks == 1
    assert planned().estimate(layered(14)).ranks == 4


@pytest.mark.parametrize("other", [{"executor": ThreadPoolExecutor(1)}, {"detach": True}])
def test_options_that_exclude_ranks(other):
    with pytest.raises(InvalidOptionError, match="exclude each other"):
        planned().run(layered(16), **other)


@pytest.mark.parametrize("wrong", [4, "world", PlannedRanks])
def test_what_ranks_are(wrong):
    with pytest.raises(OptionTypeError, match=r"ranks must be a ketjet\.ranks\.Ranks"):
        Simulator(ranks=wrong)
    with pytest.raises(InvalidOptionError, match="power of two, not 6"):
        PlannedRanks(6)


def test_a_rank_takes_its_share():
    circuit = layered(20)
    alone, shared = Simulator().estimate(circuit), planned(threads=2).estimate(circuit)
    assert (alone.ranks, alone.exchanges, alone.bytes_exchanged) == (1, 0, 0)
    assert shared.state_bytes * 4 == alone.state_bytes
    assert shared.ranks == 4
    assert "4, each with as much memory" in str(shared)
    wide = planned(available_bytes=64 << 20).estimate(layered(24))
    assert not wide.fits
    assert planned(available_bytes=160 << 20).estimate(layered(24)).fits
    assert wide.available_rule == "the rank that has least"
    with pytest.raises(InsufficientMemoryError):
        planned(available_bytes=64 << 20).run(layered(24))


def test_states_that_are_brought_together_have_to_fit():
    circuit, ranks = layered(24), {"available_bytes": 200 << 20}
    assert planned(**ranks).estimate(circuit).fits
    assert not planned(**ranks).estimate(circuit, return_state=True).fits


def test_primitives_take_ranks_too():
    sampler = SamplerV2.from_backend(planned())
    with pytest.raises(RanksError, match="only planned"):
        sampler.run([layered(16)])
