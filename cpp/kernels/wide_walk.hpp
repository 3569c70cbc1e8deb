// Walks over wide vectors: vectors that follow each other are taken together as one with as many lanes as a line holds,
// so that numbers are added up in one order, whatever the lane width. Included as simd.hpp is.
#pragma once

#include "kernels/walk.hpp"

namespace ketjet {
namespace {

template <class T>
constexpr int wide_lanes = static_cast<int>(line_bytes / sizeof(T));
// Vectors that hold so many lanes. They follow each other: the lowest vector bits number them.
template <class T>
constexpr int wide_parts = wide_lanes<T> / lanes<T>;

// Walks wide vectors, and parts of each.
template <class T>
struct WideWalk {
    SubsetWalk walk;
    std::uint64_t fixed_parts;
    std::uint64_t value;
    std::uint32_t part_offsets[wide_parts<T>];

    KETJET_INLINE explicit WideWalk(VectorSubset subset)
        : walk(wide(subset)), fixed_parts(subset.fixed & (wide_parts<T> - 1)), value(subset.value) {
        for (int part = 0; part < wide_parts<T>; ++part) {
            part_offsets[part] = address_of(subset.map, static_cast<std::uint64_t>(part)) ^ address_of(subset.map, 0);
        }
    }
    static KETJET_INLINE VectorSubset wide(VectorSubset subset) {
        subset.fixed |= wide_parts<T> - 1;
        subset.value &= ~static_cast<std::uint64_t>(wide_parts<T> - 1);
        return subset;
    }
    // Calls body(part, number, address) for steps that follow each other, of each part that the subset has.
    template <class Body>
    KETJET_INLINE void steps(std::uint64_t count, Body body) {
        SubsetWalk after = walk;
        for (int part = 0; part < wide_parts<T>; ++part) {
            const auto number = static_cast<std::uint64_t>(part);
            if (((number ^ value) & fixed_parts) != 0) continue;
            after = walk;
            body(part, after, number, part_offsets[part], count);
        }
        walk = after;
    }
};

// So many wide vectors are worked on in one step.
constexpr int tile_bits = 3;

// The bits by which the vectors of a tile differ, and how their addresses do.
template <int Bits>
struct Tile {
    std::uint64_t bits[Bits + 1];
    std::uint32_t offsets[1 << Bits];

    // Fixes the lowest free bits of the subset, but not those of a wide vector's parts.
    template <class T>
    KETJET_INLINE static Tile take(VectorSubset& subset) {
        constexpr std::uint64_t parts = wide_parts<T> - 1;
        Tile tile{};
        VectorSubset wide = subset;
        wide.fixed |= parts;
        tile.offsets[0] = 0;
        for (int axis = 0; axis < Bits; ++axis) {
            tile.bits[axis] = ~wide.fixed & (wide.fixed + 1);
            const std::uint32_t offset = fix_lowest_bit(wide);
            for (int r = 0; r < 1 << axis; ++r) tile.offsets[r | 1 << axis] = tile.offsets[r] ^ offset;
        }
        subset.fixed |= wide.fixed & ~parts;
        return tile;
    }
    // Which of them are in a mask: as a number of so many bits.
    KETJET_INLINE std::uint32_t number_in(std::uint64_t mask) const {
        std::uint32_t number = 0;
        for (int axis = 0; axis < Bits; ++axis) {
            if ((mask & bits[axis]) != 0) number |= 1U << axis;
        }
        return number;
    }
};

}  // namespace
}  // namespace ketjet
