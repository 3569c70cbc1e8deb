// What a run is expected to take, in predicted nanoseconds, which its progress is counted in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "plan/plan.hpp"

namespace ketjet {

// Capped, so that sums fit.
std::int64_t nanoseconds(double seconds);

// Whether reading so many strings takes long enough to be counted: else predicting it would take its part.
bool counts_reading(const Plan& plan, std::size_t strings);

// Of each stage, run one time.
std::vector<std::int64_t> stage_work(const Plan& plan, int threads);

// Of sampling the final state, and of listing the shots one by one if that is wanted.
std::int64_t sampling_work(const Plan& plan, std::int64_t shots, bool list_shots, int threads);

}  // namespace ketjet
