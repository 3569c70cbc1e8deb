// A whole run: Program + Plan -> outcomes. Straight-line programs are executed once and sampled; the shots of programs
// with collapses in the middle or with control flow run as a tree of trajectories.
#pragma once

#include "exec/run_context.hpp"
#include "plan/plan.hpp"
#include "readout/run_request.hpp"
#include "run/run_result.hpp"

namespace ketjet {

template <class T>
RunResult<T> run(const BoundPlan& bound, const RunRequest& request, const RunContext& context);

// Whether a run on so many threads is predicted to be over before another thread could be woken up.
bool is_brief(const Plan& plan, const RunRequest& request, int threads);

}  // namespace ketjet
