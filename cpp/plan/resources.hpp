// How many states and threads a run of a plan can use.
#pragma once

#include <cstdint>

#include "plan/plan.hpp"

namespace ketjet {

// A run of more shots than this unites groups whose memory is equal where trajectories meet, once there are many of
// them. Until then samples do not depend on which trajectories are merged.
inline constexpr std::int64_t max_single_shots = 1 << 16;

// How many states a tree of trajectories is better off for holding at a time.
std::int64_t useful_states(const Plan& plan, std::int64_t shots);

// How many it can do with: two where it has to compare them whatever room there is.
std::int64_t least_states(const Plan& plan, std::int64_t shots);

// How many threads are worth while for a plan: 1 for small states.
int useful_threads(const Plan& plan, int available);

}  // namespace ketjet
