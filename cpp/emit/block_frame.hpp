// What is known about a block without touching it: where each vector lies (a GF(2)-linear map), which lanes and signs
// differ from what is stored, and factors of all its amplitudes. X, Z, CX and SWAP act on this frame and cost nothing.
#pragma once

#include <array>
#include <complex>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/bits.hpp"
#include "emit/arena.hpp"
#include "emit/block_layout.hpp"
#include "emit/bound_sweep.hpp"
#include "kernels/kernel_table.hpp"
#include "plan/plan.hpp"
#include "program/matrix.hpp"

namespace ketjet {

// Of a sweep that is folded along a qubit: a pair of amplitudes is one complex number there.
struct Fold {
    int qubit;
    bool unfolds;             // while the block is scattered
    bool conjugated = false;  // the stored numbers are to be conjugated before the scale is applied
    Complex unfold_scale = 1;
};

// The state of the block is scale * Z(signs) |stored>, where stored amplitude `index` is found at vector
// index >> lane_bits, through the map, and in the lane that holds it.
class BlockFrame {
 public:
    // For kernels whose vectors hold 2^lane_bits scalars of so many bytes.
    BlockFrame(const Sweep& sweep, int lane_bits, std::size_t scalar_bytes, Arena& arena);

    const BlockLayout& layout() const { return layout_; }

    // The map as it is now. Its tables, and those below, live as long as the arena.
    AddressMap map();
    // What flipping a set of vector bits adds to an address, by XOR.
    std::uint32_t offset(Index vectors) const;
    // That of every subset of some vector bits.
    const std::uint64_t* offsets(Index vectors) const;
    // The vectors that meet a condition on vector bits and have 0 at the axes.
    VectorSubset subset(const Condition& vectors, Index axes = 0);
    // The lane bits of an index whose amplitude is in lane `lane`; both differ by `lane_flip`, until lanes are ordered.
    Index index_of_lane(std::size_t lane) const { return static_cast<Index>(lane) ^ lane_flip_; }
    Index lane_flip() const { return lane_flip_; }
    void order_lanes() { lane_flip_ = 0; }

    Index signs() const { return signs_; }  // of qubits, cold ones included
    bool has_sign(int qubit) const { return (signs_ >> qubit & 1) != 0; }

    // Z on any qubit, and X on one that is hot or folded.
    void toggle_sign(int qubit);
    void flip(int qubit);
    // CX and SWAP of qubits that are vector bits.
    void add(int control, int target);
    void exchange(int first, int second);
    // What a SWAP does to the signs alone, when amplitudes are moved otherwise.
    void move_signs_of_swap(int first, int second);

    bool is_folded(int qubit) const { return fold && fold->qubit == qubit; }
    // Conjugates all numbers of a folded block.
    void conjugate();

    Complex scale = 1;                      // of every amplitude of every block
    std::vector<ColdFactor> block_factors;  // of all amplitudes of some blocks
    std::optional<Fold> fold;

 private:
    std::uint32_t& column(int qubit) {
        return columns_[static_cast<std::size_t>(layout_.position(qubit) - layout_.lane_bits())];
    }

    BlockLayout layout_;
    Arena& arena_;
    std::array<std::uint32_t, 64> columns_;  // the address of each vector bit
    std::uint32_t affine_ = 0;
    Index lane_flip_ = 0;
    Index signs_ = 0;
    AddressMap map_{};
    bool changed_ = true;  // since map_ was made
};

}  // namespace ketjet
