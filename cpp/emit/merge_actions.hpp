// Several actions as one matrix, and a diagonal action as angles.
#pragma once

#include <span>
#include <vector>

#include "program/action.hpp"

namespace ketjet {

// The qubits an action acts on, or several do, conditions included.
Index qubits_of(const Action& action);
Index qubits_of(std::span<const Action> actions);

// The product of actions (first one first) as a matrix on `qubits`, lowest = lowest index bit.
Matrix product_of(std::span<const Action> actions, Index qubits);

bool is_diagonal(const Action& action);

// The factor a diagonal action gives to a basis state.
Complex diagonal_factor(const Action& action, Index basis);

}  // namespace ketjet
