// What one operation does to amplitudes, in the few classes the kernels know, with the present slot values.
#pragma once

#include <optional>
#include <span>
#include <utility>
#include <variant>
#include <vector>

#include "base/bits.hpp"
#include "base/small_vector.hpp"
#include "program/program.hpp"

namespace ketjet {

// Acts only where index & mask == value.
struct Condition {
    Index mask = 0;
    Index value = 0;
    bool operator==(const Condition&) const = default;
};

// That the controls of an operation are as it wants them.
Condition condition_of(const Program& program, const Wires& wires);

using Targets = SmallVector<int, 4>;
struct DenseAction {  // matrix on the targets
    Condition condition;
    Targets targets;
    Matrix matrix;
};
struct DiagonalAction {  // entries on the targets; with no targets a single factor
    using Entries = SmallVector<Complex, 4>;
    Condition condition;
    Targets targets;
    Entries entries;
};
struct FlipAction {  // index -> index ^ mask
    Condition condition;
    Index mask;
};
struct SwapAction {
    Condition condition;
    int first;
    int second;
};
struct RotationAction {  // exp(-i angle/2 P), P = a product of Paulis (each Y = i X Z), not the identity
    Condition condition;
    Index x_mask;  // the qubits with X or Y
    Index z_mask;  // the qubits with Z or Y
    double angle;
};
struct MultiplexerAction {
    Condition condition;
    int target;
    std::vector<int> selectors;  // lowest index bit first
    std::vector<Complex> matrices;
};
using Action = std::variant<DenseAction, DiagonalAction, FlipAction, SwapAction, RotationAction, MultiplexerAction>;

// The actions of a unitary operation in order: one, but for permutations (a chain of swaps, at most one less than
// their qubits) and the identity gate (none). Phases and global phases are diagonals without targets. Throws
// std::logic_error for reset, measure and initialize, which are no linear maps of the state, and for classical ones.
std::vector<Action> resolve(const Program& program, const Operation& operation);

// The action of one that is no permutation, and the chain of one that is.
std::optional<Action> action_of(const Program& program, const Operation& operation);
std::vector<SwapAction> swaps_of(const Program& program, const PermutationOperation& operation);

// Calls take(action) for each action, in order.
template <class Take>
void for_each_action(const Program& program, const Operation& operation, Take&& take) {
    if (const auto* const permutation = std::get_if<PermutationOperation>(&operation)) {
        for (const SwapAction& swap : swaps_of(program, *permutation)) take(Action(swap));
    } else if (std::optional<Action> action = action_of(program, operation)) {
        take(*std::move(action));
    }
}

// The actions of several unitary operations, given by their indices, one after another.
std::vector<Action> actions_of(const Program& program, std::span<const std::uint32_t> operations);

// The adjoint, which undoes an action.
Action adjoint(Action action);

}  // namespace ketjet
