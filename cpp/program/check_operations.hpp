// What the operations of a program that the planner has rewritten must be like. The planner makes no others, so only
// those are checked that come from elsewhere, as bytes.
#pragma once

#include "program/program.hpp"

namespace ketjet {

// Throws std::invalid_argument, naming the operation, unless an engine can rely on all of them.
void check_operations(const Program& program);

}  // namespace ketjet
