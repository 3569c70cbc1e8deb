// Which vectors of a block a kernel visits, where they lie, and the lines it fetches on the way. Included as simd.hpp
// is.
#pragma once

#include "kernels/simd.hpp"

namespace ketjet {
namespace {

// The scalar at which vector y begins.
KETJET_INLINE std::uint32_t address_of(const AddressMap& map, std::uint64_t y) {
    return map.low[y & 63] ^ map.high[y >> 6] ^ map.affine;
}

// Into the outer cache: the inner one is busy with the block.
KETJET_INLINE void fetch_lines(Prefetch& prefetch) {
    for (std::uint64_t i = 0; i < prefetch.lines_per_step && prefetch.next_line < prefetch.end_line; ++i) {
        const std::uint64_t row = prefetch.next_line >> prefetch.row_line_bits;
        const std::uint64_t line = prefetch.next_line - (row << prefetch.row_line_bits);
        __builtin_prefetch(static_cast<const char*>(prefetch.state) +
                               ((prefetch.row_offsets[row] >> prefetch.line_bits) + line) * line_bytes,
                           0, 2);
        ++prefetch.next_line;
    }
}

// How many bits of a vector's number a subset leaves free.
KETJET_INLINE int free_bits(const VectorSubset& subset) {
    return subset.vector_bits - __builtin_popcountll(subset.fixed);
}

// Fixes the lowest free bit at 0; returns by what the address of a vector with a 1 there differs.
KETJET_INLINE std::uint32_t fix_lowest_bit(VectorSubset& subset) {
    const std::uint64_t lowest = ~subset.fixed & (subset.fixed + 1);
    subset.fixed |= lowest;
    return address_of(subset.map, lowest) ^ address_of(subset.map, 0);
}

// Walks the vectors of a subset in ascending order. The address of a vector is looked up one step before it is asked
// for: a load behind the stores of a tile waits for each of them that agrees with it in the lowest twelve bits of the
// address.
struct SubsetWalk {
    AddressMap map;
    std::uint64_t fixed;  // and all bits that are above a vector's number, so that the walk ends where it began
    std::uint64_t value;
    std::uint64_t count;
    std::uint64_t vector;
    std::uint64_t next_address;

    KETJET_INLINE explicit SubsetWalk(const VectorSubset& subset)
        : map(subset.map),
          fixed(subset.fixed | ~((std::uint64_t{1} << subset.vector_bits) - 1)),
          value(subset.value),
          count(std::uint64_t{1} << free_bits(subset)),
          vector(subset.value),
          next_address(address_of(map, subset.value)) {}
    // Of the vector whose address is next.
    KETJET_INLINE std::uint64_t number() const { return vector; }
    KETJET_INLINE std::uint64_t next() {
        const std::uint64_t address = next_address;
        vector = (((vector | fixed) + 1) & ~fixed) | value;
        next_address = address_of(map, vector);
        return address;
    }
};

// Fetches at every step; where a step is little work, that makes it take twice as long.
struct FetchingWalk : SubsetWalk {
    Prefetch* prefetch;

    KETJET_INLINE explicit FetchingWalk(const VectorSubset& subset) : SubsetWalk(subset), prefetch(subset.prefetch) {}
    KETJET_INLINE std::uint64_t next() {
        if (prefetch != nullptr) fetch_lines(*prefetch);
        return SubsetWalk::next();
    }
};

template <bool Fetches>
struct ChooseWalk {
    typedef SubsetWalk Walk;
};
template <>
struct ChooseWalk<true> {
    typedef FetchingWalk Walk;
};

}  // namespace
}  // namespace ketjet
