// The stages of a plan, run as one shot.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/rng.hpp"
#include "exec/executor.hpp"
#include "exec/run_context.hpp"
#include "plan/plan.hpp"
#include "state/state_vector.hpp"

namespace ketjet {

// Runs them on a state, from one of them on if it is as those before have left it, and returns the shot's classical
// memory.
template <class T>
std::vector<std::uint64_t> run_stages(const BoundPlan& bound, StateVector<T>& state, const PhiloxKey& key,
                                      const BesideState& beside, const RunContext& context, std::size_t first = 0);

}  // namespace ketjet
