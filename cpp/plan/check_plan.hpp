// What a plan must be like. The planner makes no others, so only those are checked that come from elsewhere, as bytes.
#pragma once

#include "plan/plan.hpp"

namespace ketjet {

// Throws std::invalid_argument unless all that the plan refers to is in range. Its programs are checked already.
void check_plan(const Plan& plan);

}  // namespace ketjet
