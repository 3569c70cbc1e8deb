// When the engine prefetches, stores past the caches and keeps emitted sweeps. None of it changes a result.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ketjet {

// If a state exceeds `outgrown_share` of the last-level cache, its lines are evicted before the next sweep needs them:
// so rows are prefetched, and stores bypass the caches. Up to `far_outgrown_share` stores still go into the lines that
// the sweep has just read, if the sweep writes no others and has at least `hiding_calls` kernel calls, for these lines
// then return to memory while the kernels compute. If a sweep reads less than one row in `fresh_rows` of those that it
// writes, its stores bypass the caches from `fresh_share` on.
inline constexpr double outgrown_share = 0.75;
inline constexpr double far_outgrown_share = 4;
inline constexpr std::size_t hiding_calls = 8;
inline constexpr double fresh_share = 0.125;
inline constexpr std::size_t fresh_rows = 4;

// Sweeps are emitted before they are needed, and kept where they run more than once, as long as their coefficients take
// no more than these bytes or one in so many of all that a run may have. So many are kept, or emitted ahead of a sweep.
inline constexpr std::size_t max_kept_sweeps = 4096;
inline constexpr std::size_t max_sweeps_ahead = 8;
inline constexpr std::int64_t emitted_bytes = std::int64_t{1} << 20;
inline constexpr std::int64_t emitted_part = 8;

}  // namespace ketjet
