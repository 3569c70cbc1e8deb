// Tests of the gate table: every column against the matrices, at random parameters.
#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <numeric>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/rng.hpp"
#include "builder.hpp"
#include "check.hpp"
#include "plan/commuting_layers.hpp"
#include "program/axes.hpp"
#include "program/gate.hpp"

using namespace ketjet;

namespace {

constexpr double rounding = 1e-14;
using Parameters = std::vector<double>;

// Several sets of parameters at which no entry vanishes by chance; one empty set for gates without.
std::vector<Parameters> samples_of(const GateFacts& facts) {
    if (facts.parameters == 0) return {{}};
    RandomStream random({5, 9}, 0, 0);
    std::vector<Parameters> samples(8, Parameters(static_cast<std::size_t>(facts.parameters)));
    for (Parameters& sample : samples) {
        for (double& value : sample) value = 0.3 + 5 * random.uniform();
    }
    return samples;
}

Matrix matrix_of(std::int32_t row, const Parameters& parameters) {
    return gate_table()[static_cast<std::size_t>(row)].matrix(parameters);
}

template <class Holds>
bool all_entries(const Matrix& matrix, Holds holds) {
    for (std::size_t row = 0; row < matrix.dimension(); ++row) {
        for (std::size_t column = 0; column < matrix.dimension(); ++column) {
            if (!holds(row, column, matrix(row, column))) return false;
        }
    }
    return true;
}

bool is_close(const Matrix& a, const Matrix& b, double tolerance = rounding) {
    return a.dimension() == b.dimension() && all_entries(a, [&](std::size_t i, std::size_t j, Complex entry) {
               return std::abs(entry - b(i, j)) < tolerance;
           });
}

bool is_diagonal(const Matrix& matrix) {
    return all_entries(matrix,
                       [](std::size_t i, std::size_t j, Complex entry) { return i == j || entry == Complex(0); });
}

// diag(1, ..., 1, anything).
bool is_phase(const Matrix& matrix) {
    return is_diagonal(matrix) && all_entries(matrix, [&](std::size_t i, std::size_t j, Complex entry) {
               return i != j || i + 1 == matrix.dimension() || entry == Complex(1);
           });
}

bool is_monomial(const Matrix& matrix) {
    for (std::size_t i = 0; i < matrix.dimension(); ++i) {
        int in_row = 0, in_column = 0;
        for (std::size_t j = 0; j < matrix.dimension(); ++j) {
            in_row += matrix(i, j) != Complex(0);
            in_column += matrix(j, i) != Complex(0);
        }
        if (in_row != 1 || in_column != 1) return false;
    }
    return true;
}

bool is_real(const Matrix& matrix) {
    return all_entries(matrix, [](std::size_t, std::size_t, Complex entry) { return entry.imag() == 0; });
}

// Real but for a phase of the whole.
bool is_real_turn(const Matrix& matrix) {
    const Complex largest =
        *std::ranges::max_element(matrix.entries(), {}, [](const Complex& entry) { return std::abs(entry); });
    return all_entries(matrix, [&](std::size_t, std::size_t, Complex entry) {
        return std::abs((entry * std::conj(largest)).imag()) < rounding;
    });
}

// Of the form a + b X, and no phase makes it real.
bool is_imaginary_turn(const Matrix& matrix) {
    return std::abs(matrix(0, 0) - matrix(1, 1)) < rounding && std::abs(matrix(0, 1) - matrix(1, 0)) < rounding;
}

bool does_the_same_to_flipped_bits(const Matrix& matrix) {
    const std::size_t last = matrix.dimension() - 1;
    return all_entries(matrix, [&](std::size_t i, std::size_t j, Complex entry) {
        return std::abs(entry - matrix(last - i, last - j)) < rounding;
    });
}

TurnKind turn_of(const std::vector<Matrix>& matrices) {
    const auto all = [&](auto holds) { return std::ranges::all_of(matrices, holds); };
    if (matrices.front().dimension() != 2 || all(is_diagonal)) return TurnKind::none;
    return all(is_real_turn) ? TurnKind::real : all(is_imaginary_turn) ? TurnKind::imaginary : TurnKind::general;
}

TurnKind pair_turn_of(const std::vector<Matrix>& matrices) {
    const auto all = [&](auto holds) { return std::ranges::all_of(matrices, holds); };
    if (!all(keeps_parity)) return TurnKind::none;
    const bool is_pair = matrices.front().dimension() == 4;
    return is_pair && all(does_the_same_to_flipped_bits) ? TurnKind::imaginary : TurnKind::general;
}

// exp(-i angle/2 P) with the Paulis of the row's column.
Matrix rotation_about(std::string_view paulis, double angle) {
    Matrix result(4);
    for (std::size_t column = 0; column < 4; ++column) {
        std::size_t row = column;
        Complex entry = 1;
        for (std::size_t qubit = 0; qubit < 2; ++qubit) {
            const bool one = (column >> qubit & 1) != 0;
            if (paulis[qubit] != 'Z') row ^= std::size_t{1} << qubit;
            if (paulis[qubit] == 'Z' && one) entry = -entry;
            if (paulis[qubit] == 'Y') entry *= Complex(0, one ? -1 : 1);
        }
        result(column, column) += std::cos(angle / 2);
        result(row, column) += Complex(0, -std::sin(angle / 2)) * entry;
    }
    return result;
}

bool has_structure(Structure structure, std::string_view paulis, const Parameters& parameters, const Matrix& matrix) {
    switch (structure) {
        case Structure::phase:
            return is_phase(matrix);
        case Structure::diagonal:
            return is_diagonal(matrix);
        case Structure::flip:
            return is_close(matrix, Matrix(2, {0, 1, 1, 0}));
        case Structure::swap:
            return is_close(matrix, Matrix(4, {1, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1}));
        case Structure::rotation:
            return is_close(matrix, rotation_about(paulis, parameters[0]));
        case Structure::dense:
            return !is_diagonal(matrix);
    }
    return false;
}

void test_columns() {
    std::set<std::string_view> names;
    for (const GateFacts& facts : gate_table()) {
        std::vector<Matrix> matrices;
        for (const Parameters& sample : samples_of(facts)) {
            matrices.push_back(facts.matrix(sample));
            CHECK(matrices.back().dimension() == std::size_t{1} << facts.targets);
            CHECK(unitarity_error(matrices.back().dimension(), matrices.back().entries().data()) < rounding);
            CHECK(has_structure(facts.structure, facts.paulis, sample, matrices.back()));
        }
        CHECK(names.insert(facts.name).second);
        CHECK((facts.structure == Structure::rotation) == !facts.paulis.empty());
        CHECK(facts.turn == turn_of(matrices));
        CHECK(facts.pair_turn == pair_turn_of(matrices));
        CHECK(facts.monomial == std::ranges::all_of(matrices, is_monomial));
        CHECK(facts.real == std::ranges::all_of(matrices, is_real));
    }
}

// A row's base gate has no controls, and its matrix; a row with controls names none only if the table has none.
void test_base() {
    const auto rows = gate_table();
    for (std::int32_t row = 0; row < static_cast<std::int32_t>(rows.size()); ++row) {
        const GateFacts& facts = rows[static_cast<std::size_t>(row)];
        const auto is_base = [&](const GateFacts& other) {
            return other.controls == 0 && other.parameters == facts.parameters && other.targets == facts.targets &&
                   std::ranges::all_of(samples_of(facts), [&](const Parameters& sample) {
                       return is_close(other.matrix(sample), facts.matrix(sample));
                   });
        };
        const std::int32_t base = base_row(row);
        CHECK((base == no_row) == facts.base.empty());
        if (facts.controls == 0) {
            CHECK(base == no_row);
        } else if (base == no_row) {
            CHECK(std::ranges::none_of(rows, is_base));
        } else {
            CHECK(rows[static_cast<std::size_t>(base)].name == facts.base);
            CHECK(rows[static_cast<std::size_t>(base)].structure == facts.structure);
            CHECK(is_base(rows[static_cast<std::size_t>(base)]));
        }
    }
    CHECK(is_close(matrix_of(x_row, {}), Matrix(2, {0, 1, 1, 0})));
    CHECK(is_close(matrix_of(z_row, {}), Matrix(2, {1, 0, 0, -1})));
    CHECK(is_close(matrix_of(y_row, {}), Matrix(2, {0, {0, -1}, {0, 1}, 0})));
    CHECK(std::abs(matrix_of(h_row, {})(1, 1) + std::sqrt(0.5)) < rounding);
}

// The 2x2 matrix that givens_rotation.hpp writes down.
Matrix matrix_of(const GivensRotation& rotation) {
    const Complex phase = std::polar(1.0, rotation.phase), before = std::polar(1.0, rotation.before);
    const Complex after = std::polar(1.0, rotation.after);
    const Complex up = rotation.imaginary ? Complex(0, -rotation.sine) : Complex(-rotation.sine);
    const Complex down = rotation.imaginary ? up : -up;
    return Matrix(2, {phase * rotation.cosine, phase * up * before, phase * after * down,
                      phase * after * rotation.cosine * before});
}

// A plane for each parity of the two bits.
Matrix matrix_of(const PairRotation& pair) {
    Matrix result(4);
    for (std::size_t p = 0; p < 2; ++p) {
        const Matrix plane = matrix_of(pair.of_parity[p]);
        const std::size_t states[] = {p, 3 - p};
        for (std::size_t i = 0; i < 2; ++i) {
            for (std::size_t j = 0; j < 2; ++j) result(states[i], states[j]) = plane(i, j);
        }
    }
    return result;
}

bool is_sign(double angle) { return angle == 0 || std::abs(angle) == std::numbers::pi; }

// What the emitters rely on: rows have rotations wherever these exist, equal to the matrices also beyond one turn;
// diagonal gates are phases alone, and plain turns have none but signs.
void test_rotations() {
    for (const GateFacts& facts : gate_table()) {
        CHECK((facts.rotation != nullptr) == (facts.targets == 1));
        CHECK((facts.pair_rotation != nullptr) == (facts.targets == 2 && facts.pair_turn != TurnKind::none));
        const bool diagonal = facts.structure == Structure::phase || facts.structure == Structure::diagonal;
        for (Parameters sample : samples_of(facts)) {
            for (const double scale : {1.0, -3.0, 40.0, 1e6}) {
                for (double& parameter : sample) parameter *= scale;
                const Matrix matrix = facts.matrix(sample);
                if (facts.rotation != nullptr) {
                    const GivensRotation rotation = facts.rotation(sample);
                    CHECK(is_close(matrix_of(rotation), matrix));
                    CHECK(is_close(matrix_of(adjoint(rotation)), adjoint(matrix)));
                    if (diagonal) CHECK(rotation.cosine == 1 && rotation.sine == 0 && rotation.before == 0);
                    if (facts.turn == TurnKind::general || diagonal) continue;
                    CHECK(is_sign(rotation.before) && is_sign(rotation.after));
                    CHECK(rotation.imaginary == (facts.turn == TurnKind::imaginary));
                } else if (facts.pair_rotation != nullptr) {
                    const PairRotation pair = facts.pair_rotation(sample);
                    CHECK(is_close(matrix_of(pair), matrix));
                    CHECK(is_close(matrix_of(adjoint(pair)), adjoint(matrix)));
                    CHECK(pair.of_parity[0].imaginary == pair.of_parity[1].imaginary);
                    for (const GivensRotation& rotation : pair.of_parity) {
                        if (diagonal) CHECK(rotation.cosine == 1 && rotation.sine == 0);
                        if (facts.pair_turn == TurnKind::imaginary) {
                            CHECK(rotation.imaginary && rotation.before == 0 && rotation.after == 0);
                        }
                    }
                }
            }
        }
    }
}

// By Richardson's extrapolation of central differences.
Matrix derivative(const GateFacts& facts, Parameters parameters, std::size_t which) {
    const auto difference = [&](double step) {
        Parameters ahead = parameters, behind = parameters;
        ahead[which] += step;
        behind[which] -= step;
        const Matrix after = facts.matrix(ahead), before = facts.matrix(behind);
        Matrix result(after.dimension());
        for (std::size_t i = 0; i < result.dimension(); ++i) {
            for (std::size_t j = 0; j < result.dimension(); ++j) {
                result(i, j) = (after(i, j) - before(i, j)) / (2 * step);
            }
        }
        return result;
    };
    constexpr double step = 1e-3;
    const Matrix wide = difference(step), narrow = difference(step / 2);
    Matrix result(wide.dimension());
    for (std::size_t i = 0; i < result.dimension(); ++i) {
        for (std::size_t j = 0; j < result.dimension(); ++j) result(i, j) = (4.0 * narrow(i, j) - wide(i, j)) / 3.0;
    }
    return result;
}

void test_generators() {
    for (const GateFacts& facts : gate_table()) {
        CHECK((facts.generator == nullptr) == (facts.parameters == 0));
        if (facts.generator == nullptr) continue;
        for (const Parameters& sample : samples_of(facts)) {
            const Matrix u = facts.matrix(sample);
            for (std::size_t which = 0; which < sample.size(); ++which) {
                const Matrix g = facts.generator(sample, which);
                CHECK(g.dimension() == u.dimension());
                CHECK(all_entries(g, [&](std::size_t i, std::size_t j, Complex entry) {
                    return std::abs(entry - std::conj(g(j, i))) < rounding;
                }));
                Matrix expected(u.dimension());  // -i G U
                for (std::size_t i = 0; i < u.dimension(); ++i) {
                    for (std::size_t j = 0; j < u.dimension(); ++j) {
                        for (std::size_t k = 0; k < u.dimension(); ++k) {
                            expected(i, j) += Complex(0, -1) * g(i, k) * u(k, j);
                        }
                    }
                }
                CHECK(is_close(derivative(facts, sample, which), expected, 1e-11));
            }
        }
    }
}

// Whether the matrix commutes with X, Y or Z on one of its qubits.
bool commutes(const Matrix& matrix, Axis axis, std::size_t target) {
    const std::size_t flip = axis == Axis::z ? 0 : std::size_t{1} << target;
    const auto entry = [&](std::size_t column) -> Complex {  // of the Pauli, in row column ^ flip
        const bool one = (column >> target & 1) != 0;
        if (axis == Axis::x) return 1;
        if (axis == Axis::y) return one ? Complex(0, -1) : Complex(0, 1);
        return one ? -1 : 1;
    };
    return all_entries(matrix, [&](std::size_t row, std::size_t column, Complex) {
        const Complex behind = matrix(row, column ^ flip) * entry(column);  // the Pauli first
        return std::abs(behind - entry(row ^ flip) * matrix(row ^ flip, column)) < rounding;
    });
}

void test_axes() {
    for (const GateFacts& facts : gate_table()) {
        std::vector<std::int32_t> qubits(static_cast<std::size_t>(facts.controls + facts.targets));
        std::iota(qubits.begin(), qubits.end(), 0);
        const Program program =
            Builder(facts.controls + facts.targets).gate(facts.name, qubits, samples_of(facts).front()).build();
        std::vector<WireAxis> wires;
        wire_axes(program, program.operations().front(), wires);
        for (const std::int32_t qubit : qubits) {
            std::vector<Axis> expected;
            if (qubit < facts.controls) expected = {Axis::z};
            for (const Axis axis : {Axis::x, Axis::y, Axis::z}) {
                const bool all = std::ranges::all_of(samples_of(facts), [&](const Parameters& sample) {
                    return commutes(facts.matrix(sample), axis, static_cast<std::size_t>(qubit - facts.controls));
                });
                if (qubit >= facts.controls && all) expected.push_back(axis);
            }
            if (expected.empty()) expected = {Axis::none};
            const auto found = std::ranges::find(wires, qubit, &WireAxis::qubit);
            CHECK(expected.size() == 3 ? found == wires.end() : found != wires.end() && found->axis == expected[0]);
        }
    }
}

void test_layers() {
    Builder circuit(3);
    circuit.gate("ry", {0}, {0.1}).gate("cx", {0, 1}).gate("ry", {1}, {0.2}).gate("rz", {0}, {0.3});
    circuit.gate("cp", {0, 2}, {0.4}).gate("rx", {1}, {0.5}).gate("h", {2}).gate("rzz", {0, 2}, {0.6});
    const Program program = circuit.build();
    const std::vector<std::uint8_t> all{1, 0, 1, 1, 1, 1, 0, 1}, some{1, 0, 0, 1, 0, 0, 0, 1};
    CHECK(commuting_layers(program, all) == std::vector<std::uint32_t>({0, 1, 1, 1, 1, 2, 2, 2}));
    CHECK(commuting_layers(program, some) == std::vector<std::uint32_t>({0, 1, 1, 1, 1, 1, 1, 1}));
    CHECK_THROWS(commuting_layers(program, {}), std::invalid_argument);
}

void test_matrix_of_row() {
    const Parameters one{0.3};
    for (std::size_t row = 0; row < gate_table().size(); ++row) {
        const GateFacts& facts = gate_table()[row];
        const Parameters sample = samples_of(facts).front();
        CHECK(gate_matrix(row, sample).entries() == facts.matrix(sample).entries());
        if (facts.parameters != 1) CHECK_THROWS(gate_matrix(row, one), std::invalid_argument);
    }
    CHECK_THROWS(gate_matrix(gate_table().size(), one), std::invalid_argument);
}

}  // namespace

int main() {
    test_columns();
    test_base();
    test_matrix_of_row();
    test_generators();
    test_axes();
    test_layers();
    test_rotations();
    return failed_checks == 0 ? 0 : 1;
}
