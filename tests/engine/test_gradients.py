"""Derivatives by all slots against a dense oracle, over precisions, instruction sets, threads and fake caches."""

import pickle
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import packed
from support.programs import SMALL_CACHES, TINY_CACHES, op, pack, random_unitary
from support.strategies import circuits, exchange_circuits, quarter_turn_circuits

from ketjet import engine
from ketjet.lowering import lower

PARAMETRISED = sorted(name for name, (_, _, _, parameters) in engine.gate_codes().items() if parameters)
FUSED = [isa for isa in engine.isa_names() if isa != "portable"] or ["portable"]
LETTERS = {
    "I": np.eye(2), "X": np.array([[0, 1], [1, 0]]), "Y": np.array([[0, -1j], [1j, 0]]), "Z": np.diag([1, -1]),
    "0": np.diag([1, 0]), "1": np.diag([0, 1]),
}  # fmt: skip
TOLERANCE = {"double": 1e-9, "single": 1e-4}


def observables_of(sums):
    """Sums of (label, coefficient), the last letter of a label on qubit 0, as the engine takes them."""
    labels = sorted({label for terms in sums for label, _ in terms})

    def masks(letters):
        return np.array(
            [sum(1 << qubit for qubit, letter in enumerate(reversed(label)) if letter in letters) for label in labels],
            np.uint64,
        )

    return engine.ObservablesReadout(
        masks("XY"),
        masks("ZY"),
        masks("01"),
        masks("1"),
        np.cumsum([0] + [len(terms) for terms in sums]).astype(np.uint32),
        np.array([labels.index(label) for terms in sums for label, _ in terms], np.uint32),
        np.array([coefficient for terms in sums for _, coefficient in terms]),
    )


def matrix_of(terms):
    total = 0
    for label, coefficient in terms:
        product = np.eye(1)
        for letter in label:
            product = np.kron(product, LETTERS[letter])
        total = total + coefficient * product
    return total


def random_sum(num_qubits, random, terms=6):
    letters = random.choice(list(LETTERS), (terms, num_qubits), p=[0.3, 0.17, 0.17, 0.16, 0.1, 0.1])
    return [("".join(row), float(random.normal())) for row in letters]


def expected_of(program, sums):
    """Values and derivatives of a program of unitary operations."""
    state, tangents = packed.tangents(program)
    images = [matrix_of(terms) @ state for terms in sums]
    values = [np.vdot(state, image).real for image in images]
    return np.array(values), np.array([2 * (tangents @ image.conj()).real for image in images])


class Found(NamedTuple):
    values: np.ndarray
    derivatives: np.ndarray
    adjoint_residual: float | None


def gradient_of(
    program,
    sums,
    *,
    precision="double",
    on=TINY_CACHES,
    switched_off=(),
    weights=(),
    states=2,
    slots=None,
    control=None,
    **fields,
):
    made = engine.mirrored_plan(program, precision, on, switched_off=switched_off)
    wanted = engine.GradientRequest(observables_of(sums), tuple(weights), states, made, slots)
    task = engine.Task(program, shots=0, seed=0, precision=precision, gradient=wanted, **fields)
    outcome = engine.execute(task, control)
    return Found(*outcome.readouts, outcome.facts.adjoint_residual)


def expect_derivatives(program, sums, *, precision="double", **fields):
    found = gradient_of(program, sums, precision=precision, **fields)
    values, derivatives = expected_of(program, sums)
    np.testing.assert_allclose(found.values, values, atol=TOLERANCE[precision])
    np.testing.assert_allclose(found.derivatives, derivatives, atol=TOLERANCE[precision])
    return found


def mixing(num_qubits, random):
    """Operations with slots that leave no qubit as it was."""
    layer = [op("u", [qubit], slots=random.uniform(-3, 3, 3)) for qubit in range(num_qubits)]
    return layer + [op("cx", [qubit, (qubit + 1) % num_qubits]) for qubit in range(num_qubits)]


@pytest.mark.parametrize("name", PARAMETRISED)
def test_every_gate_has_its_derivatives_behind_any_controls(name):
    _, own, targets, parameters = engine.gate_codes()[name]
    for more in range(3):
        random = np.random.default_rng([len(name), more])
        num_qubits = 6
        operations = mixing(num_qubits, random)
        for _ in range(4):
            count = more + own + targets
            wires = random.permutation(num_qubits)[:count].tolist()
            state = int(random.integers(2 ** (more + own)))
            slots = random.uniform(-4, 4, parameters)
            operations.append(op(name, wires, controls=more, state=state, slots=slots))
        program = pack(num_qubits, operations + mixing(num_qubits, random))
        sums = [random_sum(num_qubits, random), random_sum(num_qubits, random, 1)]
        found = expect_derivatives(program, sums)
        assert found.adjoint_residual < 1e-13


def test_pauli_rotations_of_any_width():
    random = np.random.default_rng(5)
    num_qubits = 7
    operations = mixing(num_qubits, random)
    for width in (1, 2, 3, 4, 5):
        for controls in (0, 1):
            wires = random.permutation(num_qubits)[: width + controls].tolist()
            paulis = random.integers(0, 4, width)
            operations.append(
                op("pauli_rotation", wires, controls=controls, state=0, slots=[0.3 * width], payload=paulis)
            )
    program = pack(num_qubits, operations)
    for precision in ("double", "single"):
        expect_derivatives(program, [random_sum(num_qubits, random)], precision=precision)


@given(
    st.one_of(
        circuits(max_qubits=6, max_operations=20, min_qubits=3),
        exchange_circuits(max_qubits=7, max_layers=2),
        quarter_turn_circuits(max_qubits=6, max_layers=2),
    ),
    st.sampled_from(["double", "single"]),
    st.sampled_from(engine.isa_names()),
    st.integers(1, 3),
    st.sampled_from([TINY_CACHES, SMALL_CACHES, engine.machine()]),
    st.integers(0, 2**32 - 1),
)
@settings(max_examples=100, deadline=None)
def test_derivatives_of_circuits_equal_the_oracles(circuit, precision, isa, threads, machine, seed):
    program = lower(circuit, keep_idle_qubits=True).program
    sums = [random_sum(program.num_qubits, np.random.default_rng(seed))]
    expect_derivatives(program, sums, precision=precision, isa=isa, threads=threads, on=machine)


@given(
    st.one_of(circuits(max_qubits=7, max_operations=20, min_qubits=5), exchange_circuits(max_qubits=8)),
    st.sampled_from(["double", "single"]),
    st.sampled_from([TINY_CACHES, SMALL_CACHES, engine.machine()]),
)
@settings(max_examples=50, deadline=None)
def test_digits_depend_on_neither_threads_nor_fused_instruction_sets(circuit, precision, machine):
    program = lower(circuit, keep_idle_qubits=True).program
    sums = [random_sum(program.num_qubits, np.random.default_rng(1), 20)]
    found = [
        gradient_of(program, sums, precision=precision, on=machine, isa=isa, threads=threads)
        for isa in FUSED
        for threads in (1, 3)
    ]
    for other in found[1:]:
        np.testing.assert_array_equal(other.values, found[0].values)
        np.testing.assert_array_equal(other.derivatives, found[0].derivatives)
        assert other.adjoint_residual == found[0].adjoint_residual


@pytest.mark.parametrize("option", [option for option in engine.PLAN_OPTIONS if option not in ("prune", "search")])
def test_plan_options_change_nothing(option):
    random = np.random.default_rng(3)
    num_qubits = 7
    operations = []
    for _ in range(2):
        operations += mixing(num_qubits, random)[:-1]
        for name in ("rxx", "cp", "swap", "xx_plus_yy", "crx", "rz", "ry", "rzz"):
            _, own, targets, parameters = engine.gate_codes()[name]
            wires = random.permutation(num_qubits)[: own + targets].tolist()
            operations.append(op(name, wires, slots=random.uniform(-3, 3, parameters)))
    program = pack(num_qubits, operations)
    sums = [random_sum(num_qubits, random)]
    usual, other = gradient_of(program, sums), gradient_of(program, sums, switched_off=(option,))
    np.testing.assert_allclose(other.derivatives, usual.derivatives, atol=1e-12)
    assert other.adjoint_residual < 1e-13


@given(circuits(max_qubits=7, max_operations=25, min_qubits=4), st.integers(0, 2**32 - 1))
@settings(max_examples=50, deadline=None)
def test_growing_on_the_way_there_and_shrinking_on_the_way_back_change_nothing(circuit, seed):
    program = lower(circuit, keep_idle_qubits=True).program
    sums = [random_sum(program.num_qubits, np.random.default_rng(seed))]
    usual, other = gradient_of(program, sums), gradient_of(program, sums, switched_off=("growth",))
    np.testing.assert_allclose(other.derivatives, usual.derivatives, atol=1e-11)
    np.testing.assert_allclose(other.values, usual.values, atol=1e-11)


@given(circuits(max_qubits=5, max_operations=15, min_qubits=2), st.integers(0, 2**32 - 1), st.integers(2, 4))
@settings(max_examples=50, deadline=None)
def test_the_gradient_of_a_sum_is_the_sum_of_gradients(circuit, seed, count):
    program, random = lower(circuit, keep_idle_qubits=True).program, np.random.default_rng(seed)
    sums = [random_sum(program.num_qubits, random) for _ in range(count)]
    each = gradient_of(program, sums, states=int(random.integers(2, count + 2)))
    whole = gradient_of(program, [[term for terms in sums for term in terms]])
    np.testing.assert_allclose(whole.derivatives[0], each.derivatives.sum(axis=0), atol=1e-10)
    np.testing.assert_allclose(whole.values[0], each.values.sum(), atol=1e-10)


def ansatz(num_qubits=6, layers=2, seed=0):
    random = np.random.default_rng(seed)
    return pack(num_qubits, [operation for _ in range(layers) for operation in mixing(num_qubits, random)])


def test_weights_give_the_derivatives_of_one_sum():
    program, random = ansatz(), np.random.default_rng(2)
    sums = [random_sum(6, random) for _ in range(3)]
    weights = [0.5, -2.0, 0.0]
    each, summed = gradient_of(program, sums), gradient_of(program, sums, weights=weights)
    assert summed.derivatives.shape == (1, len(program.slots))
    np.testing.assert_allclose(summed.derivatives[0], weights @ each.derivatives, atol=1e-12)
    np.testing.assert_allclose(summed.values, each.values, atol=1e-14)  # read of the state, or of what it is made into
    with pytest.raises(ValueError, match="3 observables, but 1 weights"):
        gradient_of(program, sums, weights=[1.0])


@pytest.mark.parametrize("states", [2, 3, 4, 9])
def test_any_number_of_states_gives_the_same(states):
    program, random = ansatz(), np.random.default_rng(4)
    sums = [random_sum(6, random) for _ in range(5)]
    one = [gradient_of(program, [terms]).derivatives[0] for terms in sums]
    np.testing.assert_array_equal(gradient_of(program, sums, states=states).derivatives, one)


def test_what_a_gradient_takes_grows_with_its_states_and_their_blocks():
    made = engine.mirrored_plan(ansatz())
    demands = [engine.gradient_demand(made, rows, max_threads=1, available=1 << 40) for rows in (1, 2, 5)]
    block = demands[0].state_bytes
    assert [demand.states for demand in demands] == [2, 3, 6]
    first = demands[0].peak_bytes
    assert [demand.peak_bytes - first for demand in demands] == [0, 2 * block, 8 * block]
    short = engine.gradient_demand(made, 5, max_threads=1, available=demands[1].peak_bytes)
    assert (short.states, short.peak_bytes) == (3, demands[1].peak_bytes)


@given(st.lists(st.integers(0, 35), unique=True))
@settings(max_examples=30, deadline=None)
def test_derivatives_by_a_few_slots(chosen):
    program = ansatz()
    sums = [random_sum(6, np.random.default_rng(5)) for _ in range(2)]
    every, few = gradient_of(program, sums), gradient_of(program, sums, slots=np.array(chosen, np.int64))
    expected = np.zeros_like(every.derivatives)
    expected[:, chosen] = every.derivatives[:, chosen]
    np.testing.assert_allclose(few.derivatives, expected, atol=1e-13)
    assert not np.delete(few.derivatives, chosen, axis=1).any()
    np.testing.assert_array_equal(few.values, every.values)


def test_a_slot_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match="no slot 36"):
        gradient_of(ansatz(), [[("IIIIIZ", 1.0)]], slots=np.array([36]))


def test_identities_change_no_derivative():
    program, random = ansatz(), np.random.default_rng(6)
    terms = random_sum(6, random)
    plain, shifted = gradient_of(program, [terms]), gradient_of(program, [[*terms, ("IIIIII", 3.0)]])
    np.testing.assert_allclose(shifted.derivatives, plain.derivatives, atol=1e-12)
    np.testing.assert_allclose(shifted.values, plain.values + 3, atol=1e-12)


def test_what_has_no_slots_and_what_no_value_depends_on():
    program = pack(5, [op("h", [0]), op("cx", [0, 3])])
    found = gradient_of(program, [[("ZIIIZ", 1.0)]])
    assert found.derivatives.shape == (1, 0)
    assert abs(gradient_of(pack(5, []), [[("IIIIZ", 1.0)]]).values[0] - 1) < 1e-15
    program = pack(5, [op("h", [0]), op("global_phase", [], slots=[0.3]), op("rx", [4], slots=[0.5])])
    found = gradient_of(program, [[("IIIIX", 1.0)]])
    np.testing.assert_allclose(found.derivatives, [[0, 0]], atol=1e-15)


def test_states_may_be_prepared_before_the_first_slot():
    random = np.random.default_rng(7)
    start = random_unitary(4)[0]
    program = pack(6, [op("initialize", [1, 4], payload=start), *mixing(6, random)])
    found = expect_derivatives(program, [random_sum(6, random)])
    assert found.adjoint_residual is None


@pytest.mark.parametrize(
    ("operations", "index", "words"),
    [
        ([op("h", [0]), op("measure", [0], clbit=0)], 1, "measure"),
        ([op("rx", [0], slots=[0.3]), op("reset", [0])], 1, "after a parameter"),
        ([op("rx", [1], slots=[0.3]), op("initialize", [0], payload=np.array([0, 1j]))], 1, "after a parameter"),
        ([op("h", [0]), op("x", [1]), op("reset", [0]), op("rx", [1], slots=[0.3])], 2, "random"),
    ],
)
def test_what_bars_derivatives_is_named(operations, index, words):
    with pytest.raises(engine.NotDifferentiable) as caught:
        engine.mirrored_plan(pack(2, operations, 1))
    message, operation = caught.value.args
    assert operation == index
    assert words in message
    assert isinstance(caught.value, ValueError)


def test_a_stopped_control_ends_it():
    control = engine.Control()
    control.stop()
    with pytest.raises(engine.Cancelled):
        gradient_of(ansatz(), [[("IIIIIZ", 1.0)]], control=control)


def test_progress_reaches_its_end():
    control = engine.Control()
    gradient_of(ansatz(), [[("IIIIIZ", 1.0)], [("IIIIIX", 1.0)]], control=control)
    counters = control.counters
    assert counters.stages_done == counters.stages_total > 0
    assert counters.work_done == counters.work_total > 0


def test_a_task_with_its_plan_is_pickled():
    random = np.random.default_rng(3)
    program = pack(6, mixing(6, random) + mixing(6, random))
    made = engine.mirrored_plan(program, on=TINY_CACHES)
    wanted = engine.GradientRequest(observables_of([random_sum(6, random)]), plan=made)
    task = engine.Task(program, shots=0, seed=0, gradient=wanted)
    again = pickle.loads(pickle.dumps(task))
    assert again.gradient.plan.plan == made.plan
    for found, other in zip(engine.execute(task).readouts, engine.execute(again).readouts, strict=True):
        np.testing.assert_array_equal(found, other)
