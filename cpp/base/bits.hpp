// The index algebra of amplitudes: qubit q is bit q of an amplitude's index. Used everywhere above base/.
#pragma once

#include <bit>
#include <cstdint>
#include <span>

namespace ketjet {

using Index = std::uint64_t;

constexpr Index bit(int position) { return Index{1} << position; }

constexpr Index low_bits(int count) { return count >= 64 ? ~Index{0} : bit(count) - 1; }

// The set of some positions.
constexpr Index mask_of(std::span<const int> positions) {
    Index mask = 0;
    for (const int position : positions) mask |= bit(position);
    return mask;
}

constexpr int count_bits(Index mask) { return std::popcount(mask); }

constexpr Index lowest_bit(Index mask) { return mask & (~mask + 1); }

constexpr bool parity(Index value) { return (std::popcount(value) & 1) != 0; }

// Spreads the low bits of `value` over the set bits of `mask`, lowest first (software PDEP).
constexpr Index deposit_bits(Index value, Index mask) {
    Index result = 0;
    for (; mask != 0; mask &= mask - 1, value >>= 1) {
        if (value & 1) result |= mask & (~mask + 1);
    }
    return result;
}

// Collects the bits of `value` at the set bits of `mask` into the low bits (software PEXT).
constexpr Index extract_bits(Index value, Index mask) {
    Index result = 0;
    for (int i = 0; mask != 0; mask &= mask - 1, ++i) {
        if (value & mask & (~mask + 1)) result |= bit(i);
    }
    return result;
}

// The successor of `value` among all numbers whose bits inside `fixed` are zero.
constexpr Index next_outside(Index value, Index fixed) { return ((value | fixed) + 1) & ~fixed; }

}  // namespace ketjet
