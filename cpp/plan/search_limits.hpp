// How much time the search for a plan may take.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ketjet {

// It may take this share of the predicted time on one thread, and no more than max_planning_seconds, where planning an
// operation once takes planning_seconds.
inline constexpr double search_share = 0.04;
inline constexpr double planning_seconds = 1e-6;
inline constexpr double max_planning_seconds = 0.4;
// Operations that are looked at per stretch, about 0.1 s.
inline constexpr std::int64_t search_operations = std::int64_t{1} << 26;

// Seconds that looking for a better order takes, for each pass and each element that may go into it.
inline constexpr double look_ahead_seconds = 20e-9;
// Whether looking for a better order of passes that take so many seconds on one thread is within that share.
constexpr bool looking_ahead_pays(double seconds, std::size_t elements_by_passes) {
    return seconds * search_share > look_ahead_seconds * static_cast<double>(elements_by_passes);
}

}  // namespace ketjet
