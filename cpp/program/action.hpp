// What one operation does to amplitudes, in the few classes the kernels know, with the present slot values.
#pragma once

#include <span>
#include <variant>
#include <vector>

#include "base/bits.hpp"
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

struct DenseAction {  // matrix on the targets
    Condition condition;
    std::vector<int> targets;
    Matrix matrix;
};
struct DiagonalAction {  // entries on the targets; with no targets a single factor
    Condition condition;
    std::vector<int> targets;
    std::vector<Complex> entries;
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

// The actions of several unitary operations, given by their indices, one after another.
std::vector<Action> actions_of(const Program& program, std::span<const std::uint32_t> operations);

// The adjoint, which undoes an action.
Action adjoint(Action action);

}  // namespace ketjet
