// Derivatives of operations against differences of their matrices, Pauli strings against products of matrices, and
// adjoint actions against what they undo.
#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <vector>

#include "base/rng.hpp"
#include "builder.hpp"
#include "check.hpp"
#include "check/reference.hpp"
#include "emit/merge_actions.hpp"
#include "program/derivative.hpp"

using namespace ketjet;

namespace {

constexpr double rounding = 1e-14;

double distance(const Matrix& a, const Matrix& b) {
    double largest = 0;
    for (std::size_t k = 0; k < a.entries().size(); ++k) {
        largest = std::max(largest, std::abs(a.entries()[k] - b.entries()[k]));
    }
    return largest;
}

Matrix product(const Matrix& a, const Matrix& b, Complex factor) {
    Matrix result(a.dimension());
    for (std::size_t i = 0; i < a.dimension(); ++i) {
        for (std::size_t j = 0; j < a.dimension(); ++j) {
            for (std::size_t k = 0; k < a.dimension(); ++k) result(i, j) += factor * a(i, k) * b(k, j);
        }
    }
    return result;
}

// Of a program on so few qubits.
Matrix matrix_of_program(const Program& program) {
    std::vector<std::uint32_t> all(program.operations().size());
    std::iota(all.begin(), all.end(), 0u);
    return product_of(actions_of(program, all), low_bits(program.num_qubits()));
}

// By Richardson's extrapolation of central differences.
Matrix difference_by(const Program& program, std::uint32_t slot) {
    const auto difference = [&](double step) {
        std::vector<double> ahead(program.slots().begin(), program.slots().end()), behind = ahead;
        ahead[slot] += step;
        behind[slot] -= step;
        const Matrix after = matrix_of_program(program.with_slots(ahead));
        Matrix result = matrix_of_program(program.with_slots(behind));
        for (std::size_t i = 0; i < result.dimension(); ++i) {
            for (std::size_t j = 0; j < result.dimension(); ++j) {
                result(i, j) = (after(i, j) - result(i, j)) / (2 * step);
            }
        }
        return result;
    };
    const Matrix wide = difference(1e-3), narrow = difference(5e-4);
    Matrix result(wide.dimension());
    for (std::size_t i = 0; i < result.dimension(); ++i) {
        for (std::size_t j = 0; j < result.dimension(); ++j) result(i, j) = (4.0 * narrow(i, j) - wide(i, j)) / 3.0;
    }
    return result;
}

// The matrix with the mean of its diagonal taken off, which changes no derivative of an expectation value.
Matrix without_identity(Matrix matrix) {
    Complex trace = 0;
    for (std::size_t i = 0; i < matrix.dimension(); ++i) trace += matrix(i, i);
    for (std::size_t i = 0; i < matrix.dimension(); ++i)
        matrix(i, i) -= trace / static_cast<double>(matrix.dimension());
    return matrix;
}

// One operation: its derivatives are those of its slots, in order, and -i G U is what differences give.
void expect_derivatives(const Program& program) {
    const Index qubits = low_bits(program.num_qubits());
    const std::vector<Derivative> derivatives = derivatives_of(program, program.operations().front());
    CHECK(derivatives.size() == program.slots().size());
    const Matrix u = matrix_of_program(program);
    Matrix undone(u.dimension());
    for (std::size_t i = 0; i < u.dimension(); ++i) {
        for (std::size_t j = 0; j < u.dimension(); ++j) undone(i, j) = std::conj(u(j, i));
    }
    for (std::uint32_t slot = 0; slot < derivatives.size(); ++slot) {
        CHECK(derivatives[slot].slot == slot);
        const Matrix expected = product(difference_by(program, slot), undone, Complex(0, 1));
        const Matrix generator = matrix_of(derivatives[slot].generator, qubits);
        CHECK(distance(without_identity(generator), without_identity(expected)) < 1e-10);
    }
}

std::vector<double> some_angles(std::size_t count, std::uint32_t stream) {
    RandomStream random({3, 8}, stream, 0);
    std::vector<double> angles(count);
    for (double& angle : angles) angle = 0.3 + 5 * random.uniform();
    return angles;
}

void test_gates_behind_controls() {
    std::uint32_t stream = 0;
    for (const GateFacts& facts : gate_table()) {
        if (facts.parameters == 0) continue;
        for (int more = 0; more < 3; ++more) {
            const int controls = facts.controls + more, count = controls + facts.targets;
            for (std::uint64_t state = 0; state < bit(controls); ++state) {
                Builder builder(5);
                std::vector<std::int32_t> wires;
                for (int wire = 0; wire < count; ++wire) wires.push_back((3 * wire + 1) % 5);
                builder.add(facts.name, wires, controls,
                            some_angles(static_cast<std::size_t>(facts.parameters), ++stream), -1, state);
                expect_derivatives(builder.build());
            }
        }
    }
}

void test_pauli_rotations() {
    const std::vector<std::vector<std::int64_t>> strings = {{1}, {2, 3}, {0, 1}, {3, 2, 1}, {1, 2, 2, 3}, {0, 0}};
    for (const auto& paulis : strings) {
        for (int controls = 0; controls < 2; ++controls) {
            Builder builder(5);
            std::vector<std::int32_t> wires;
            for (int wire = 0; wire < controls + static_cast<int>(paulis.size()); ++wire) wires.push_back(4 - wire);
            builder.payload(paulis).add("pauli_rotation", wires, controls, {0.7}, 0, 0);
            expect_derivatives(builder.build());
        }
    }
}

void test_what_has_none() {
    Builder builder(2);
    builder.gate("h", {0}).add("global_phase", {}, 0, {0.3}).unitary({1}, {0, 1, 1, 0});
    const Program program = builder.build();
    for (const Operation& operation : program.operations()) CHECK(derivatives_of(program, operation).empty());
}

// Strings of a random Hermitian matrix make up the matrix again, and all of them are there.
void test_sums() {
    for (int count = 1; count <= 3; ++count) {
        const Index dimension = bit(count);
        RandomStream random({1, 2}, static_cast<std::uint32_t>(count), 0);
        Matrix matrix(dimension);
        for (Index i = 0; i < dimension; ++i) {
            for (Index j = 0; j <= i; ++j) {
                matrix(i, j) = {random.uniform(), i == j ? 0 : random.uniform()};
                matrix(j, i) = std::conj(matrix(i, j));
            }
        }
        std::vector<int> targets;  // ascending, as matrix_of has them
        for (int k = 0; k < count; ++k) targets.push_back(2 * k + 1);
        const PauliSum sum = pauli_sum(matrix, targets, {});
        CHECK(sum.size() == static_cast<std::size_t>(dimension * dimension));
        CHECK(distance(matrix_of(sum, mask_of(targets)), matrix) < rounding);
        const PauliSum behind = pauli_sum(matrix, targets, {bit(0) | bit(6), bit(6)});
        CHECK(std::ranges::all_of(behind, [](const PauliTerm& term) { return term.string.condition.value == bit(6); }));
    }
    const std::vector<int> targets{2, 0};
    const PauliSum projector =
        pauli_sum(Matrix(4, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -3, 0, 0, 0, 0, 0}), targets, {bit(1), 0});
    CHECK(projector.size() == 1 && projector[0].coefficient == -3);
    CHECK((projector[0].string == PauliString{0, 0, {0b111, 0b001}}));
}

void test_adjoints() {
    Builder builder(4);
    builder.gate("u", {0}, {0.3, 0.5, 0.7}).gate("rz", {1}, {0.4}).gate("rxx", {0, 2}, {0.9}).gate("swap", {1, 3});
    builder.gate("cx", {2, 0}).gate("cp", {1, 2}, {1.1}).gate("iswap", {0, 3}).gate("rzx", {3, 1}, {0.2});
    builder.add("rccx", {1, 2, 3}).with_payload("permutation", {0, 1, 2}, std::vector<std::int64_t>{1, 2, 0});
    const double half = std::sqrt(0.5);
    builder.with_payload("multiplexer", {1, 0}, std::vector<Complex>{0, 1, Complex(0, 1), 0, half, half, -half, half});
    builder.with_payload("diagonal", {3}, std::vector<Complex>{Complex(0, 1), -1});
    const Program program = builder.build();
    std::vector<Complex> start;
    for (int i = 0; i < 16; ++i) start.emplace_back(i, 1 - i * i);
    ReferenceBlock block(low_bits(4), 0, start);
    std::vector<Action> done;
    for (const Operation& operation : program.operations()) {
        for (const Action& action : resolve(program, operation)) {
            block.apply(action);
            done.push_back(action);
        }
    }
    for (std::size_t i = done.size(); i-- > 0;) block.apply(adjoint(done[i]));
    for (std::size_t i = 0; i < start.size(); ++i) CHECK(std::abs(block.amplitudes()[i] - start[i]) < 1e-11);
}

}  // namespace

int main() {
    test_gates_behind_controls();
    test_pauli_rotations();
    test_what_has_none();
    test_sums();
    test_adjoints();
    return failed_checks == 0 ? 0 : 1;
}
