"""Observables are read to the operators that Qiskit reads them to, whatever they are written as."""

from __future__ import annotations

import itertools
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from qiskit.circuit import Parameter
from qiskit.primitives.containers.observables_array import ObservablesArray
from qiskit.quantum_info import Pauli, PauliList, SparseObservable, SparsePauliOp
from support.observables import LETTERS, matrix_of, sum_of, terms

from ketjet.errors import InvalidOptionError, OptionTypeError
from ketjet.lowering.observable_squares import with_squares
from ketjet.lowering.observables import complex_observable, read_observables


def terms_of(observables, row):
    """What one row of the table says."""
    begin, end = observables.row_begins[row : row + 2]
    return [
        (observables.label(string), coefficient)
        for string, coefficient in zip(observables.columns[begin:end], observables.coefficients[begin:end], strict=True)
    ]


def matrices(observables):
    return [sum_of(terms_of(observables, row), observables.num_qubits) for row in range(observables.num_rows)]


@st.composite
def sums(draw, letters=LETTERS):
    """Labels of one length with real coefficients, equal ones among them."""
    num_qubits = draw(st.integers(1, 4))
    return draw(terms(num_qubits, letters)), num_qubits


@given(given_sum=sums())
def test_a_sum_with_projectors_is_read_from_a_sparse_observable_a_dictionary_and_labels(given_sum):
    listed, num_qubits = given_sum
    expected = sum_of(listed, num_qubits)
    whole = read_observables(SparseObservable.from_list(listed))
    np.testing.assert_allclose(matrices(whole)[0], expected, atol=1e-12)
    assert len({whole.label(string) for string in range(whole.num_strings)}) == whole.num_strings
    assert all((np.diff(whole.columns[begin:end]) > 0).all() for begin, end in itertools.pairwise(whole.row_begins))
    np.testing.assert_allclose(matrices(whole.without_conditions())[0], expected, atol=1e-12)
    distinct = dict(listed)
    as_mapping = matrices(read_observables(distinct))[0]
    np.testing.assert_allclose(as_mapping, sum_of(distinct.items(), num_qubits), atol=1e-12)
    for found, (label, _) in zip(matrices(read_observables([label for label, _ in listed])), listed, strict=True):
        np.testing.assert_allclose(found, matrix_of(label), atol=1e-12)


@given(given_sum=sums("IXYZ"))
def test_a_sum_of_paulis_is_read_from_all_kinds(given_sum):
    listed, num_qubits = given_sum
    names, coefficients = zip(*listed, strict=True)
    operator = SparsePauliOp(list(names), list(coefficients))
    expected = operator.to_matrix()
    by_object = {Pauli(name): coefficient for name, coefficient in dict(listed).items()}
    for observable, matrix in [
        (operator, expected),
        (SparseObservable.from_sparse_pauli_op(operator), expected),
        (by_object, sum_of(dict(listed).items(), num_qubits)),
    ]:
        np.testing.assert_allclose(matrices(read_observables(observable))[0], matrix, atol=1e-12)
    paulis = PauliList(["-" + name for name in names])
    for many in (paulis, list(paulis), ObservablesArray([SparsePauliOp(name, -1) for name in names])):
        found = read_observables(many)
        assert found.shape == (len(names),)
        for matrix, pauli in zip(matrices(found), paulis, strict=True):
            np.testing.assert_allclose(matrix, pauli.to_matrix(), atol=1e-12)


@given(given_sum=sums(), data=st.data())
def test_in_a_program_idle_qubits_are_zero_and_measured_ones_are_blurred(given_sum, data):
    listed, num_qubits = given_sum
    qubits = data.draw(st.permutations(range(num_qubits)))[: data.draw(st.integers(0, num_qubits))]
    measured = [place for place in range(len(qubits)) if data.draw(st.booleans())]
    amplitudes = data.draw(
        st.lists(st.complex_numbers(max_magnitude=1), min_size=2 ** len(qubits), max_size=2 ** len(qubits))
    )
    state = np.array(amplitudes) + 0.1
    density = np.outer(state, state.conj())
    for place in measured:  # what measuring a qubit leaves
        signs = 1 - 2 * (np.arange(2 ** len(qubits)) >> place & 1)
        density = (density + signs[:, None] * density * signs) / 2
    embedding = np.zeros((2**num_qubits, 2 ** len(qubits)))
    for basis in range(2 ** len(qubits)):
        embedding[sum((basis >> place & 1) << qubit for place, qubit in enumerate(qubits)), basis] = 1
    read = read_observables(SparseObservable.from_list(listed))
    expected = np.trace(embedding @ density @ embedding.T @ sum_of(listed, num_qubits))
    placed = read.in_program(qubits, measured)
    found = np.vdot(state, matrices(placed)[0] @ state)
    np.testing.assert_allclose(found, expected, atol=1e-9)


def test_arrays_keep_their_shape():
    assert read_observables("ZZ").shape == ()
    assert read_observables([["ZZ"], [Pauli("XX")], [{"YY": 2}]]).shape == (3, 1)
    assert read_observables(np.array([["ZZ", "XX"]])).shape == (1, 2)
    assert read_observables([PauliList(["ZZ", "XX"]), ["YY", "II"]]).shape == (2, 2)
    assert read_observables(ObservablesArray([["ZZ"], ["XX"]])).shape == (2, 1)
    empty = read_observables([])
    assert (empty.shape, empty.num_qubits, empty.num_rows) == ((0,), None, 0)


def test_equal_strings_of_all_observables_are_one():
    read = read_observables(["ZZ", {"ZZ": 2, "XI": 1}, SparsePauliOp(["ZZ", "ZZ", "IX"], [1, 2, -1])])
    assert read.num_strings == 3
    assert [dict(terms_of(read, row)) for row in range(3)] == [{"ZZ": 1}, {"ZZ": 2, "XI": 1}, {"ZZ": 3, "IX": -1}]


def test_what_cancels_is_harmless():
    for observable in (
        SparsePauliOp("ZZ", 0),
        SparsePauliOp(["X", "X"], [1, -1]),
        {"XX": 0.0},
        SparseObservable.zero(3),
    ):
        read = read_observables(observable)
        assert (read.num_rows, read.num_strings) == (1, 0)
    rounded = SparsePauliOp(["X", "Z"], [1 + 1e-15j, 2])
    assert dict(terms_of(read_observables(rounded), 0)) == {"X": 1, "Z": 2}
    assert terms_of(read_observables(SparsePauliOp(["X", "X", "Z"], [1j, -1j, 1])), 0) == [("Z", 1)]


def test_labels_of_any_length():
    wide = "1" + "I" * 99 + "X" * 20 + "Y0l" + "Z" * 7
    read = read_observables(wide)
    assert sorted(read.label(string) for string in range(2)) == [wide.replace("l", "I"), wide.replace("l", "Y")]
    assert all(np.array_equal(*pair) for pair in zip(read, read_observables(SparseObservable(wide)), strict=True))
    placed = read.in_program([0, 129, 7, 40])
    assert [placed.label(string) for string in range(placed.num_strings)] == []
    assert read_observables("0" * 100 + "ZZ").in_program([1]).label(0) == "Z"
    assert read_observables("").num_qubits == 0


def test_a_parameter_with_a_value_is_a_number():
    angle = Parameter("angle")
    bound = SparsePauliOp("Z", np.array([2 * angle])).assign_parameters([0.5])
    assert terms_of(read_observables(bound), 0) == [("Z", 1)]
    assert terms_of(read_observables({"Z": (2 * angle).assign(angle, 1)}), 0) == [("Z", 2)]


@pytest.mark.parametrize(
    ("observables", "error", "message"),
    [
        (5, OptionTypeError, "SparsePauliOp.from_list"),
        (None, OptionTypeError, "the observable must be"),
        (["Z", object()], OptionTypeError, "observable 1 must be"),
        ([[("ZZ", 0.5)]], OptionTypeError, "observable 0, 0, 1 must be"),
        ({5: 1}, OptionTypeError, "keys of a dictionary"),
        ({"Z": "1"}, OptionTypeError, "coefficient '1'"),
        ({"Z": 10**400}, OptionTypeError, "coefficient 1000"),
        ({}, InvalidOptionError, "empty dictionary"),
        ("AB", InvalidOptionError, "label like"),
        ("Zé", InvalidOptionError, "label like"),
        ([["X"], "Z"], InvalidOptionError, "ragged"),
        ([["X"], ["Z", "Y"]], InvalidOptionError, "ragged in dimension 1"),
        (["X", "ZZ"], InvalidOptionError, "2 qubits.* 1"),
        (["XX", Pauli("Z")], InvalidOptionError, "observable 1 has a string of 1 qubits.* 2"),
        ({"X": 1, "YY": 1}, InvalidOptionError, "2 qubits.* 1"),
        (Pauli("iX"), InvalidOptionError, "not Hermitian: the coefficient of X is 1j"),
        ([SparsePauliOp("XY"), SparsePauliOp("XY", [1e-3j])], InvalidOptionError, "observable 1 is not Hermitian.* XY"),
        ({"Y": float("nan")}, InvalidOptionError, "nan of Y"),
        ({"ZZ": 1, "XX": np.inf}, InvalidOptionError, "inf of XX"),
        (SparsePauliOp("Z", np.array([Parameter("angle")])), InvalidOptionError, "unbound parameters: angle"),
        ({"Z": Parameter("b") + Parameter("a")}, InvalidOptionError, "unbound parameters: a, b"),
        ("+" * 30, InvalidOptionError, r"projectors of \+\+"),
    ],
)
def test_what_is_no_observable_is_refused(observables, error, message):
    with pytest.raises(error, match=message):
        read_observables(observables)


def test_a_list_that_holds_itself_is_refused():
    endless = []
    endless.append(endless)
    with pytest.raises(InvalidOptionError, match="dimensions"):
        read_observables(endless)


def test_a_complex_observable_has_a_row_of_real_parts_and_one_of_imaginary_ones():
    read = complex_observable(SparsePauliOp(["XX", "ZI", "XX"], [1 + 2j, 3, 1j]))
    assert [dict(terms_of(read, row)) for row in range(2)] == [{"XX": 1, "ZI": 3}, {"XX": 3}]
    assert terms_of(complex_observable("-iXY"), 1) == [("XY", -1)]
    assert terms_of(complex_observable("-ZZ"), 0) == [("ZZ", -1)]  # a sign, not a projector
    with pytest.raises(OptionTypeError, match="must be"):
        complex_observable(["Z"])


@given(given_sum=sums(), letters=st.sampled_from(["IXYZ01+-rl", "IZ01", "01"]), data=st.data())
def test_squares_give_variances(given_sum, letters, data):
    num_qubits = given_sum[1]
    listed = data.draw(terms(num_qubits, letters))
    read = read_observables([SparseObservable.from_list(listed), "Z" * num_qubits])
    identities, plain = read.split_identities
    table = with_squares(plain)
    assert table.shape == (4,)
    rest, paulis, square, one = matrices(table)
    np.testing.assert_allclose(rest + identities[0] * np.eye(2**num_qubits), sum_of(listed, num_qubits), atol=1e-12)
    np.testing.assert_allclose(square, rest @ rest, atol=1e-10)
    np.testing.assert_allclose(one, paulis @ paulis, atol=1e-12)
    first, second, square, nothing = matrices(with_squares(plain, np.array([True, False])))
    np.testing.assert_allclose([first, second], [rest, paulis], atol=1e-12)
    np.testing.assert_allclose(square, rest @ rest, atol=1e-10)
    np.testing.assert_array_equal(nothing, 0)


def test_squares_of_long_sums_are_refused():
    with_squares(read_observables("0" * 40))  # projectors onto basis states are not written out
    long = [(format(number, "08b").replace("0", "Z").replace("1", "X"), 1.0) for number in range(201)]
    with pytest.raises(InvalidOptionError, match="variances: observable 1 has 201 strings"):
        with_squares(read_observables([SparsePauliOp("Z" * 8), SparsePauliOp.from_list(long)]))
    with pytest.raises(InvalidOptionError, match="the observable has 257 strings"):
        with_squares(read_observables({"01" * 4: 1, "X" * 8: 1}))


def test_a_few_of_many_and_multiples_of_the_identity():
    read = read_observables([["ZZ"], [{"XX": 1, "II": 2}], ["0I"], [{"II": 3}]])
    some = read.some(np.array([1, 3]))
    assert [dict(terms_of(some, row)) for row in range(2)] == [{"XX": 1, "II": 2}, {"II": 3}]
    identities, rest = read.split_identities
    assert identities.tolist() == [0, 2, 0, 3]
    assert [dict(terms_of(rest, row)) for row in range(4)] == [{"ZZ": 1}, {"XX": 1}, {"0I": 1}, {}]


CHANGES = {
    "coefficients": lambda operator: operator.coeffs.__setitem__(0, 0.25),
    "letters": lambda operator: operator.paulis.__setitem__(0, "YX"),
    "bits": lambda operator: operator.paulis.x.__setitem__((0, 0), not operator.paulis.x[0, 0]),
    "phases": lambda operator: setattr(operator.paulis, "phase", [2, 0, 0]),
}


@pytest.mark.parametrize("change", CHANGES)
def test_an_observable_that_has_changed_is_read_anew(change):
    operator = SparsePauliOp(["ZZ", "XY", "YY"], [1.0, 2.0, -0.5])
    np.testing.assert_allclose(matrices(read_observables(operator))[0], operator.to_matrix())
    CHANGES[change](operator)
    pairs = zip(operator.coeffs, operator.paulis, strict=True)
    expected = sum(coefficient * pauli.to_matrix() for coefficient, pauli in pairs)
    if not np.allclose(expected, expected.conj().T):
        with pytest.raises(InvalidOptionError, match="not Hermitian"):
            read_observables(operator)
        return
    np.testing.assert_allclose(matrices(read_observables(operator))[0], expected)


def test_observables_of_equal_bits_are_told_apart_by_their_width():
    for operator in (SparsePauliOp(["ZZZ", "XXX"]), SparsePauliOp(["ZZ", "ZX", "XX"])):
        assert sorted(dict(terms_of(read_observables(operator), 0))) == sorted(operator.paulis.to_labels())


def test_what_is_wrong_with_an_observable_is_said_every_time():
    operator = SparsePauliOp(["ZZ", "XX"], [1, 1j])
    for _ in range(2):
        with pytest.raises(InvalidOptionError, match="not Hermitian: the coefficient of XX"):
            read_observables(operator)
    operator.coeffs[1] = 1
    assert read_observables(operator).num_strings == 2


def test_a_table_can_be_pickled_after_it_has_been_used():
    table = read_observables(SparsePauliOp(["ZZ", "II"], [1.0, 2.0]))
    assert table.split_identities[1].readout.coefficients.tolist() == [1.0]
    for mine, its in zip(table, pickle.loads(pickle.dumps(table)), strict=True):
        np.testing.assert_equal(mine, its)
