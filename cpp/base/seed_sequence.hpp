// NumPy's SeedSequence, bit for bit: integers of any size become the key of a generator, such that similar ones give
// unrelated keys (O'Neill, "Developing a seed_seq alternative", 2015). Nothing that NumPy promises to keep changes
// here.
#pragma once

#include <cstdint>
#include <span>

#include "base/rng.hpp"

namespace ketjet {

// What SeedSequence(seed, spawn_key=(spawn,)).generate_state(2) gives, and with spawn_key=(spawn, occurrence) where
// that is not 0. The seed is given in words of 32 bits, the lowest first.
PhiloxKey key_of(std::span<const std::uint32_t> seed, std::uint64_t spawn, std::uint64_t occurrence);

}  // namespace ketjet
