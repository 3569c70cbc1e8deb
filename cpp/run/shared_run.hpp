// A run whose state is shared out among ranks.
#pragma once

#include "exec/run_context.hpp"
#include "exec/stage_progress.hpp"
#include "plan/plan.hpp"
#include "readout/bit_mover.hpp"
#include "readout/run_request.hpp"
#include "run/run_result.hpp"

namespace ketjet {

// Outcomes and the state are on rank 0, values of observables on all. Throws std::invalid_argument where there
// are not as many ranks as the plan is for, or what is wanted cannot be had from a state that is shared out.
template <class T>
RunResult<T> run_shared(const BoundPlan& bound, const RunRequest& request, const BitMover& final_bits,
                        StageProgress& progress, const RunContext& context);

}  // namespace ketjet
