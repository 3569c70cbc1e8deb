// The plans made lately, by structure: a program that differs from an earlier one in its slots only is not planned
// again.
#pragma once

#include <memory>

#include "plan/planner.hpp"

namespace ketjet {

// The plan of a program with the same structure if it is still at hand, else a new one. Thread-safe.
std::shared_ptr<const Plan> cached_plan(const Program& program, const Machine& machine, const PlanRequest& request);

}  // namespace ketjet
