// What a straight run draws from its final state.
#pragma once

#include "exec/run_context.hpp"
#include "exec/sweep_norms.hpp"
#include "plan/plan.hpp"
#include "readout/bit_mover.hpp"
#include "readout/run_request.hpp"
#include "readout/sampler.hpp"
#include "run/run_result.hpp"
#include "state/state_vector.hpp"

namespace ketjet {

// Whether shots differ by what they measure at the end.
bool draws(const Plan& plan, const RunRequest& request);

// Adds the outcomes of all shots, and the state's norm, to a result. `final_bits` are those of the plan's basis states.
// The norms are those that the last sweep has left, if any are known.
template <class T>
void sample_final_state(const Plan& plan, const StateVector<T>& state, SweepNorms& swept, const RunRequest& request,
                        const BitMover& final_bits, RunResult<T>& result, const RunContext& context);

// The table of outcomes, and their list, from samples that were drawn already.
template <class T>
void tabulate_shots(const Plan& plan, const OutcomesVector<BasisCount>& samples, const RunRequest& request,
                    const BitMover& final_bits, RunResult<T>& result, const RunContext& context);

}  // namespace ketjet
