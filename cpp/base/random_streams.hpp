// The numbers of all random streams of a run. Collapses have the index of their operation, which never gets this far;
// every other use has a number of its own, so that no two draws ever share a random number.
#pragma once

#include <cstdint>

namespace ketjet::random_streams {

inline constexpr std::uint32_t shuffle = 0xffffffe0;     // the order of the list of shots
inline constexpr std::uint32_t tree = 0xfffffff0;        // shots split over chunks of a state
inline constexpr std::uint32_t chunk = 0xfffffff1;       // few shots within a chunk
inline constexpr std::uint32_t amplitude = 0xfffffff2;   // many shots at one amplitude
inline constexpr std::uint32_t final_bits = 0xfffffff3;  // all final measurements of a group of few shots

}  // namespace ketjet::random_streams
