// An action is applied to the rows of a small matrix as if these were amplitudes; see action.hpp for what each means.
#include "emit/merge_actions.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <utility>

namespace ketjet {

namespace {

bool holds(const Condition& condition, Index basis) { return (basis & condition.mask) == condition.value; }

std::size_t entry_of(std::span<const int> qubits, Index basis) {
    std::size_t entry = 0;
    for (std::size_t j = 0; j < qubits.size(); ++j) entry |= (basis >> qubits[j] & 1) << j;
    return entry;
}

struct QubitsOf {
    Index operator()(const DenseAction& a) const { return a.condition.mask | mask_of(a.targets); }
    Index operator()(const DiagonalAction& a) const { return a.condition.mask | mask_of(a.targets); }
    Index operator()(const FlipAction& a) const { return a.condition.mask | a.mask; }
    Index operator()(const SwapAction& a) const { return a.condition.mask | bit(a.first) | bit(a.second); }
    Index operator()(const RotationAction& a) const { return a.condition.mask | a.x_mask | a.z_mask; }
    Index operator()(const MultiplexerAction& a) const {
        return a.condition.mask | bit(a.target) | mask_of(a.selectors);
    }
};

Complex factor_of(const DiagonalAction& action, Index basis) {
    return holds(action.condition, basis) ? action.entries[entry_of(action.targets, basis)] : Complex(1);
}
Complex factor_of(const RotationAction& action, Index basis) {
    if (!holds(action.condition, basis)) return 1;
    const double sine = std::sin(action.angle / 2);
    return {std::cos(action.angle / 2), parity(basis & action.z_mask) ? sine : -sine};
}

// Multiplies a matrix on some qubits by an action from the left: the rows, which belong to basis states, become sums of
// rows as the amplitudes of these states would.
class RowChanger {
 public:
    RowChanger(Index qubits, Matrix& matrix) : qubits_(qubits), size_(matrix.dimension()), entries_(&matrix(0, 0)) {}

    void operator()(const DenseAction& a) const {
        multiply(a.targets, a.condition, [&](Index) { return a.matrix.entries().data(); });
    }
    void operator()(const MultiplexerAction& a) const {
        const int target[] = {a.target};
        multiply(target, a.condition,
                 [&](Index basis) { return a.matrices.data() + 4 * entry_of(a.selectors, basis); });
    }
    void operator()(const DiagonalAction& a) const {
        for (std::size_t row = 0; row < size_; ++row) multiply(row, factor_of(a, basis_of(row)));
    }
    void operator()(const FlipAction& a) const {
        const std::size_t flip = inside(a.mask), lowest = flip & (~flip + 1);
        each_row(a.condition, lowest, 0, [&](std::size_t row) { exchange(row, row ^ flip); });
    }
    void operator()(const SwapAction& a) const {
        const std::size_t first = inside(bit(a.first)), both = first | inside(bit(a.second));
        each_row(a.condition, both, first, [&](std::size_t row) { exchange(row, row ^ both); });
    }
    // cos - i sin P, where <row|P|column> = i^(number of Y) (-1)^(Z and Y bits of the column) if the two differ by the
    // bits of X and Y.
    void operator()(const RotationAction& a) const {
        constexpr Complex powers[] = {{1, 0}, {0, 1}, {-1, 0}, {0, -1}};
        const double cosine = std::cos(a.angle / 2), sine = std::sin(a.angle / 2);
        const Complex weight = Complex(0, -sine) * powers[count_bits(a.x_mask & a.z_mask) % 4];
        const auto weight_of = [&](std::size_t row) { return parity(basis_of(row) & a.z_mask) ? -weight : weight; };
        const std::size_t flip = inside(a.x_mask), lowest = flip & (~flip + 1);
        each_row(a.condition, lowest, 0, [&](std::size_t row) {
            if (flip == 0) return multiply(row, cosine + weight_of(row));
            const Complex from_row = weight_of(row), from_other = weight_of(row ^ flip);
            Complex* const one = row_at(row);
            Complex* const other = row_at(row ^ flip);
            for (std::size_t column = 0; column < size_; ++column) {
                const Complex old = one[column];
                one[column] = cosine * old + times(from_other, other[column]);
                other[column] = cosine * other[column] + times(from_row, old);
            }
        });
    }

 private:
    Index basis_of(std::size_t row) const { return deposit_bits(row, qubits_); }
    std::size_t inside(Index qubits) const { return extract_bits(qubits, qubits_); }
    Complex* row_at(std::size_t row) const { return entries_ + row * size_; }

    // Calls change(row) for all rows where the condition holds and the bits of `fixed` are those of `value`.
    template <class Change>
    void each_row(const Condition& condition, std::size_t fixed, std::size_t value, Change change) const {
        for (std::size_t row = 0; row < size_; ++row) {
            if ((row & fixed) == value && holds(condition, basis_of(row))) change(row);
        }
    }
    void multiply(std::size_t row, Complex factor) const {
        for (std::size_t column = 0; column < size_; ++column) row_at(row)[column] = times(factor, row_at(row)[column]);
    }
    void exchange(std::size_t row, std::size_t other) const {
        std::swap_ranges(row_at(row), row_at(row) + size_, row_at(other));
    }

    // By the matrix on these targets that belongs to a basis state.
    template <class MatrixAt>
    void multiply(std::span<const int> targets, const Condition& condition, MatrixAt matrix_at) const {
        SmallVector<std::size_t, 4> places{0};  // of the targets' values among rows
        for (const int target : targets) {
            const std::size_t half = places.size();
            for (std::size_t i = 0; i < half; ++i) places.push_back(places[i] | inside(bit(target)));
        }
        SmallVector<Complex, 4> before(places.size());
        each_row(condition, places.back(), 0, [&](std::size_t first) {
            const Complex* const matrix = matrix_at(basis_of(first));
            for (std::size_t column = 0; column < size_; ++column) {
                for (std::size_t i = 0; i < places.size(); ++i) before[i] = row_at(first | places[i])[column];
                for (std::size_t i = 0; i < places.size(); ++i) {
                    Complex sum = 0;
                    for (std::size_t j = 0; j < places.size(); ++j) {
                        sum += times(matrix[i * places.size() + j], before[j]);
                    }
                    row_at(first | places[i])[column] = sum;
                }
            }
        });
    }

    Index qubits_;
    std::size_t size_;
    Complex* entries_;
};

// A matrix on more qubits than before.
Matrix widened(const Matrix& matrix, Index before, Index qubits) {
    const Index old = extract_bits(before, qubits);
    Matrix result(std::size_t{1} << count_bits(qubits));
    for (std::size_t row = 0; row < result.dimension(); ++row) {
        for (std::size_t column = 0; column < result.dimension(); ++column) {
            if (((row ^ column) & ~old) != 0) continue;
            result(row, column) = matrix(extract_bits(row, old), extract_bits(column, old));
        }
    }
    return result;
}

}  // namespace

Index qubits_of(const Action& action) { return std::visit(QubitsOf{}, action); }

Index qubits_of(std::span<const Action> actions) {
    Index qubits = 0;
    for (const Action& action : actions) qubits |= qubits_of(action);
    return qubits;
}

Matrix product_of(std::span<const Action> actions, Index qubits) {
    Product product{qubits, Matrix::identity(std::size_t{1} << count_bits(qubits))};
    for (const Action& action : actions) product.multiply(action);
    return product.matrix;
}

void Product::multiply(const Action& action) {
    const Index all = qubits | qubits_of(action);
    if (all != qubits) matrix = widened(matrix, std::exchange(qubits, all), all);
    std::visit(RowChanger(qubits, matrix), action);
}

Product product_of(const Program& program, std::span<const std::uint32_t> operations, Direction direction) {
    Product product;
    for (const std::uint32_t index : operations) {
        for_each_action(program, program.operations()[index], direction,
                        [&](const Action& action) { product.multiply(action); });
    }
    return product;
}

bool is_diagonal(const Action& action) {
    const auto* const rotation = std::get_if<RotationAction>(&action);
    return rotation != nullptr ? rotation->x_mask == 0 : std::holds_alternative<DiagonalAction>(action);
}

Complex diagonal_factor(const Action& action, Index basis) {
    if (const auto* const rotation = std::get_if<RotationAction>(&action)) return factor_of(*rotation, basis);
    return factor_of(std::get<DiagonalAction>(action), basis);
}

}  // namespace ketjet
