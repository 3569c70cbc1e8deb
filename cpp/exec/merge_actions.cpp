// Every action is evaluated on the few basis states of its qubits; see action.hpp for what each one means.
#include "exec/merge_actions.hpp"

#include <bit>
#include <cmath>
#include <stdexcept>

namespace ketjet {

namespace {

bool holds(const Condition& condition, Index basis) { return (basis & condition.mask) == condition.value; }

Index mask_of(const std::vector<int>& qubits) {
    Index mask = 0;
    for (const int qubit : qubits) mask |= bit(qubit);
    return mask;
}

// The qubits an action acts on, controls included.
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

// The factor a diagonal action gives to a basis state.
Complex factor(const DiagonalAction& action, Index basis) {
    if (!holds(action.condition, basis)) return 1;
    std::size_t entry = 0;
    for (std::size_t j = 0; j < action.targets.size(); ++j) entry |= (basis >> action.targets[j] & 1) << j;
    return action.entries[entry];
}
Complex factor(const RotationAction& action, Index basis) {
    if (!holds(action.condition, basis)) return 1;
    const double sine = std::sin(action.angle / 2);
    return {std::cos(action.angle / 2), parity(basis & action.z_mask) ? sine : -sine};
}

// The 2x2 matrix of an action on one qubit.
struct OneQubitMatrix {
    Index qubit;

    Matrix operator()(const DenseAction& a) const { return a.matrix; }
    Matrix operator()(const FlipAction&) const { return Matrix(2, {0, 1, 1, 0}); }
    Matrix operator()(const DiagonalAction& a) const { return Matrix(2, {factor(a, 0), 0, 0, factor(a, qubit)}); }
    Matrix operator()(const RotationAction& a) const {
        if (a.x_mask == 0) return Matrix(2, {factor(a, 0), 0, 0, factor(a, qubit)});
        const double cosine = std::cos(a.angle / 2), sine = std::sin(a.angle / 2);
        if (a.z_mask != 0) return Matrix(2, {cosine, -sine, sine, cosine});
        return Matrix(2, {cosine, Complex(0, -sine), Complex(0, -sine), cosine});
    }
    Matrix operator()(const MultiplexerAction& a) const { return Matrix(2, a.matrices); }  // it has no selectors
    template <class Wider>
    Matrix operator()(const Wider&) const {
        throw std::logic_error("this action is not on one qubit and cannot be merged");
    }
};

Matrix product(const Matrix& a, const Matrix& b) {
    Matrix result(2);
    for (std::size_t row = 0; row < 2; ++row) {
        for (std::size_t column = 0; column < 2; ++column) {
            result(row, column) = a(row, 0) * b(0, column) + a(row, 1) * b(1, column);
        }
    }
    return result;
}

bool is_diagonal(const Action& action) {
    const auto* const rotation = std::get_if<RotationAction>(&action);
    return rotation != nullptr ? rotation->x_mask == 0 : std::holds_alternative<DiagonalAction>(action);
}

Action merge_diagonals(const std::vector<Action>& actions, Index qubits) {
    DiagonalAction merged;
    for (Index rest = qubits; rest != 0; rest &= rest - 1) merged.targets.push_back(std::countr_zero(rest));
    merged.entries.assign(std::size_t{1} << merged.targets.size(), Complex(1));
    for (std::size_t entry = 0; entry < merged.entries.size(); ++entry) {
        const Index basis = deposit_bits(entry, qubits);
        for (const Action& action : actions) {
            const auto* const rotation = std::get_if<RotationAction>(&action);
            merged.entries[entry] *=
                rotation != nullptr ? factor(*rotation, basis) : factor(std::get<DiagonalAction>(action), basis);
        }
    }
    return merged;
}

}  // namespace

Action merge_actions(const std::vector<Action>& actions) {
    Index qubits = 0;
    bool all_diagonal = true;
    for (const Action& action : actions) {
        qubits |= std::visit(QubitsOf{}, action);
        all_diagonal = all_diagonal && is_diagonal(action);
    }
    if (all_diagonal) return merge_diagonals(actions, qubits);
    if (count_bits(qubits) != 1) throw std::logic_error("only diagonal or one-qubit actions can be merged");
    Matrix matrix = Matrix::identity(2);
    for (const Action& action : actions) matrix = product(std::visit(OneQubitMatrix{qubits}, action), matrix);
    return DenseAction{{}, {std::countr_zero(qubits)}, matrix};
}

}  // namespace ketjet
