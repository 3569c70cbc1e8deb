// What a run is expected to take, in predicted nanoseconds, which its progress is counted in.
#pragma once

#include <cstdint>
#include <vector>

#include "plan/plan.hpp"

namespace ketjet {

// Capped, so that sums fit.
std::int64_t nanoseconds(double seconds);

// Of each stage, run one time.
std::vector<std::int64_t> stage_work(const Plan& plan, int threads);

}  // namespace ketjet
