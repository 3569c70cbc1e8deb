// A run as a tree of trajectories: its outcome becomes tables and lists of shots.
#pragma once

#include <cstdint>
#include <span>

#include "check/verify.hpp"
#include "exec/run_context.hpp"
#include "plan/plan.hpp"
#include "readout/run_request.hpp"
#include "run/run_result.hpp"

namespace ketjet {

// `stage_work` has the predicted nanoseconds of each stage, where progress is counted in them. The verifier is one of
// the context's observers if the request asks for it.
template <class T>
RunResult<T> run_as_tree(const BoundPlan& bound, const RunRequest& request, std::span<const std::int64_t> stage_work,
                         Verifier& verifier, const RunContext& context);

}  // namespace ketjet
