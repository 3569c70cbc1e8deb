// When trajectories run side by side, are compared, merged and sampled together.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/bits.hpp"

namespace ketjet {

// Of states up to this size each thread runs trajectories of its own, where these have so many amplitudes together that
// it pays; else they share a state that is not small.
inline constexpr int shots_in_parallel_qubits = 20;
inline constexpr Index amplitudes_in_parallel = Index{1} << 17;
inline constexpr int min_shared_qubits = 16;
// After `meetings_before_judgement` comparisons at one join, trajectories are compared there only as long as this share
// of the last ones was in the same state as another.
inline constexpr double meetings_before_judgement = 64;
inline constexpr double min_merged_share = 1.0 / 8;

// Small states (small_state_bytes of the request) are held, if there is room for so many bytes of them: their
// trajectories meet after every collapse too.
inline constexpr std::int64_t small_states_bytes = std::int64_t{1} << 27;

// While a run holds no more than this, nobody asks how much memory is left: that takes longer than a small run.
inline constexpr std::int64_t unwatched_bytes = std::int64_t{16} << 20;

// A run of more than max_single_shots unites groups once there are so many of them.
inline constexpr std::size_t max_groups = 64;

// Groups of more shots than this at the end of a trajectory, and than so many for each amplitude, are sampled one by
// one; the others are drawn together, so many shots at a time.
inline constexpr double many_shots = 4096;
inline constexpr double shots_per_amplitude = 8;
inline constexpr std::size_t max_draws = std::size_t{1} << 20;

}  // namespace ketjet
