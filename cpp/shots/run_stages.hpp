// The stages of a plan, run as one shot.
#pragma once

#include <cstdint>
#include <vector>

#include "base/rng.hpp"
#include "exec/run_context.hpp"
#include "exec/sweep_norms.hpp"
#include "plan/plan.hpp"
#include "state/state_vector.hpp"

namespace ketjet {

// Runs them on a state. `norms`, unless it is null, receives the squared norms of what is left.
// Returns the shot's classical memory.
template <class T>
std::vector<std::uint64_t> run_stages(const BoundPlan& bound, StateVector<T>& state, const PhiloxKey& key,
                                      SweepNorms* norms, const RunContext& context);

}  // namespace ketjet
