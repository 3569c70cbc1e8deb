// What is done to a Program before it is cut into sweeps: operations are dropped, renamed or replaced where structure
// alone shows that this changes no outcome. Values of slots are never read. Each step has a header of its own.
#pragma once

#include <cstdint>

#include "plan/request.hpp"
#include "plan/rewritten_program.hpp"

namespace ketjet {

// All rewrites that the request allows.
RewrittenProgram rewrite(const Program& program, const PlanRequest& request);

// What is wanted of a program, as far as the planner may make use of it: the final state, records that are saved on the
// way and outcomes, or nothing but the outcomes of measurements.
enum class Wanted : std::uint8_t { state, records, outcomes };
Wanted wanted_of(const Program& program, const PlanRequest& request);

}  // namespace ketjet
