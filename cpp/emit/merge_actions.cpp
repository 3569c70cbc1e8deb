// An action is applied to the columns of a small matrix, amplitude by amplitude; see action.hpp for what each means.
#include "emit/merge_actions.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <stdexcept>

namespace ketjet {

namespace {

bool holds(const Condition& condition, Index basis) { return (basis & condition.mask) == condition.value; }

std::size_t entry_of(const std::vector<int>& qubits, Index basis) {
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

// Of half the angle of a rotation; of any other action, what nobody asks for.
struct HalfAngle {
    double cosine = 1;
    double sine = 0;

    explicit HalfAngle(const Action& action) {
        if (const auto* const rotation = std::get_if<RotationAction>(&action)) {
            cosine = std::cos(rotation->angle / 2);
            sine = std::sin(rotation->angle / 2);
        }
    }
};

// <row| action |column> for basis states over all qubits of the program.
struct EntryOf {
    Index row;
    Index column;
    HalfAngle half;

    Complex operator()(const DenseAction& a) const {
        if (!holds(a.condition, column)) return row == column ? 1 : 0;
        if (((row ^ column) & ~mask_of(a.targets)) != 0) return 0;
        return a.matrix(entry_of(a.targets, row), entry_of(a.targets, column));
    }
    Complex operator()(const DiagonalAction& a) const { return row == column ? factor(a, row) : Complex(0); }
    Complex operator()(const FlipAction& a) const {
        return row == (holds(a.condition, column) ? column ^ a.mask : column) ? 1 : 0;
    }
    Complex operator()(const SwapAction& a) const {
        const bool differ = ((column >> a.first ^ column >> a.second) & 1) != 0;
        const Index both = bit(a.first) | bit(a.second);
        return row == (differ && holds(a.condition, column) ? column ^ both : column) ? 1 : 0;
    }
    Complex operator()(const RotationAction& a) const {
        if (a.x_mask == 0) return row == column ? factor(a, row) : Complex(0);
        if (!holds(a.condition, column)) return row == column ? 1 : 0;
        if (row == column) return half.cosine;
        if ((row ^ column) != a.x_mask) return 0;
        // <row|P|column> = i^(number of Y) (-1)^(Z and Y bits of the column)
        constexpr Complex powers[] = {{1, 0}, {0, 1}, {-1, 0}, {0, -1}};
        const Complex pauli = powers[count_bits(a.x_mask & a.z_mask) % 4];
        return Complex(0, -half.sine) * (parity(column & a.z_mask) ? -pauli : pauli);
    }
    Complex operator()(const MultiplexerAction& a) const {
        if (!holds(a.condition, column)) return row == column ? 1 : 0;
        if (((row ^ column) & ~bit(a.target)) != 0) return 0;
        return a.matrices[4 * entry_of(a.selectors, column) + 2 * (row >> a.target & 1) + (column >> a.target & 1)];
    }

    Complex factor(const DiagonalAction& action, Index basis) const {
        return holds(action.condition, basis) ? action.entries[entry_of(action.targets, basis)] : Complex(1);
    }
    Complex factor(const RotationAction& action, Index basis) const {
        if (!holds(action.condition, basis)) return 1;
        return {half.cosine, parity(basis & action.z_mask) ? half.sine : -half.sine};
    }
};

// The matrix of an action that is one on just these qubits, from the lowest to the highest; else null.
const Matrix* matrix_on(const Action& action, Index qubits) {
    const auto* const dense = std::get_if<DenseAction>(&action);
    if (dense == nullptr || dense->condition.mask != 0 || mask_of(dense->targets) != qubits) return nullptr;
    return std::ranges::is_sorted(dense->targets) ? &dense->matrix : nullptr;
}

}  // namespace

Index qubits_of(const Action& action) { return std::visit(QubitsOf{}, action); }

Index qubits_of(std::span<const Action> actions) {
    Index qubits = 0;
    for (const Action& action : actions) qubits |= qubits_of(action);
    return qubits;
}

Matrix product_of(std::span<const Action> actions, Index qubits) {
    if (const Matrix* const whole = actions.size() == 1 ? matrix_on(actions.front(), qubits) : nullptr) return *whole;
    const std::size_t dimension = std::size_t{1} << count_bits(qubits);
    Matrix result = Matrix::identity(dimension);
    for (const Action& action : actions) {
        const HalfAngle half(action);
        Matrix next(dimension);
        for (std::size_t row = 0; row < dimension; ++row) {
            for (std::size_t inner = 0; inner < dimension; ++inner) {
                const Complex entry =
                    std::visit(EntryOf{deposit_bits(row, qubits), deposit_bits(inner, qubits), half}, action);
                if (entry == Complex(0)) continue;
                for (std::size_t column = 0; column < dimension; ++column) {
                    next(row, column) += entry * result(inner, column);
                }
            }
        }
        result = std::move(next);
    }
    return result;
}

bool is_diagonal(const Action& action) {
    const auto* const rotation = std::get_if<RotationAction>(&action);
    return rotation != nullptr ? rotation->x_mask == 0 : std::holds_alternative<DiagonalAction>(action);
}

Complex diagonal_factor(const Action& action, Index basis) {
    return std::visit(EntryOf{basis, basis, HalfAngle(action)}, action);
}

}  // namespace ketjet
