// A run without trajectories: the stages are run one time, and the state that they leave is sampled for all shots.
#pragma once

#include "check/verify.hpp"
#include "exec/run_context.hpp"
#include "exec/stage_progress.hpp"
#include "exec/sweep_readings.hpp"
#include "plan/plan.hpp"
#include "readout/bit_mover.hpp"
#include "readout/run_request.hpp"
#include "run/common_state.hpp"
#include "run/run_result.hpp"

namespace ketjet {

// `final_bits` are those of the plan's basis states. `readings` are of the readouts' strings, with the norm; null if
// the request has no readouts. `progress` and the verifier are among the context's observers, the latter if the request
// asks for it. The run goes on from `common` if that is not null.
template <class T>
RunResult<T> run_straight(const BoundPlan& bound, const RunRequest& request, const BitMover& final_bits,
                          SweepReadings* readings, StageProgress& progress, Verifier& verifier,
                          const CommonState<T>* common, const RunContext& context);

}  // namespace ketjet
