// The numbers of all random streams. A run has one key. Its collapses have the index of their operation, which never
// gets as far as the numbers below; every other use has one of these, so that no two draws ever share a random number.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/rng.hpp"

namespace ketjet::random_streams {

inline constexpr std::uint32_t shuffle = 0xffffffe0;     // the order of the list of shots
inline constexpr std::uint32_t tree = 0xfffffff0;        // shots split over chunks of a state
inline constexpr std::uint32_t chunk = 0xfffffff1;       // few shots within a chunk
inline constexpr std::uint32_t amplitude = 0xfffffff2;   // many shots at one amplitude
inline constexpr std::uint32_t final_bits = 0xfffffff3;  // all final measurements of a group of few shots

// The self-check draws with a key of its own, which is the same for every run; its substreams number the stages.
inline constexpr PhiloxKey check_key{0x6b65746a, 0x65742121};
inline constexpr std::uint64_t check_start = 0;    // amplitudes that a compared block starts with
inline constexpr std::uint64_t check_blocks = 1;   // the cold bits of compared blocks
inline constexpr std::uint64_t check_dropped = 2;  // which comparisons are left out where there are too many

template <class Number, std::size_t count>
constexpr bool all_differ(std::array<Number, count> numbers) {
    std::ranges::sort(numbers);
    return std::ranges::adjacent_find(numbers) == numbers.end();
}
static_assert(all_differ(std::array{shuffle, tree, chunk, amplitude, final_bits}));
static_assert(all_differ(std::array{check_start, check_blocks, check_dropped}));

}  // namespace ketjet::random_streams
