// The numbers of a merged pass: several actions as one.
#pragma once

#include <vector>

#include "program/action.hpp"

namespace ketjet {

// Diagonal actions become one diagonal on the union of their qubits; actions on one qubit become one 2x2 matrix.
// Throws std::logic_error for actions that are neither: the planner does not put those into one pass.
Action merge_actions(const std::vector<Action>& actions);

}  // namespace ketjet
