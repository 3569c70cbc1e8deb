// The end of a trajectory: the measurements that were left to the final state are drawn for its shots, or listed with
// their probabilities.
#pragma once

#include "exec/run_context.hpp"
#include "plan/plan.hpp"
#include "readout/run_request.hpp"
#include "shots/shots.hpp"
#include "shots/tree_outcome.hpp"
#include "state/state_vector.hpp"

namespace ketjet {

// Adds what becomes of `shots` when the final measurements of the plan read `state`.
template <class T>
void draw_final(const Plan& plan, const StateVector<T>& state, const Shots& shots, const RunRequest& request,
                TreeOutcome& outcome, const RunContext& context);

}  // namespace ketjet
