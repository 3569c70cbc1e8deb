// Where the qubits of a sweep are in one of its blocks. A hot qubit has a position: its bit of an amplitude's index in
// the block. The lowest positions are lanes of a vector, the others are vector bits, which number the vectors. A cold
// qubit has none: it is a constant of the block.
#pragma once

#include <array>
#include <span>
#include <vector>

#include "base/bits.hpp"
#include "program/action.hpp"

namespace ketjet {

// A condition taken apart by where its qubits are.
struct PlacedCondition {
    Condition cold;     // qubits
    Condition vectors;  // vector bits
    Condition lanes;    // lane bits
};

inline bool holds(const Condition& condition, Index bits) { return (bits & condition.mask) == condition.value; }

// A value, the same from the first call of a sweep to its last: what changes is in the BlockFrame.
class BlockLayout {
 public:
    // `hot` and `active` as in Sweep; a vector holds 2^lane_bits amplitudes.
    BlockLayout(std::span<const int> hot, Index active, int lane_bits);

    int positions() const { return positions_; }
    int lane_bits() const { return lane_bits_; }
    int vector_bits() const { return positions_ - lane_bits_; }
    std::size_t lanes() const { return std::size_t{1} << lane_bits_; }
    // How many blocks the sweep has.
    std::size_t blocks() const { return std::size_t{1} << block_bits_; }

    bool is_cold(int qubit) const { return place_of(qubit) < 0; }
    bool is_lane(int qubit) const { return !is_cold(qubit) && !is_vector(qubit); }
    bool is_vector(int qubit) const { return place_of(qubit) >= lane_bits_; }
    // Of a hot qubit.
    int position(int qubit) const { return place_of(qubit); }

    // Of a set of qubits: the cold ones, and the positions of the others.
    Index cold_of(Index qubits) const { return qubits & ~hot_; }
    Index positions_of(Index qubits) const;
    // Of a set of positions: the vector bits, and the lane bits.
    Index vectors_of(Index positions) const { return positions >> lane_bits_; }
    Index lanes_of(Index positions) const { return positions & low_bits(lane_bits_); }

    PlacedCondition place(const Condition& condition) const;
    // The number formed by the bits of `qubits`, first = lowest: those of hot ones are read from an index in the block,
    // those of cold ones from the index of the block's first amplitude.
    std::size_t entry_of(std::span<const int> qubits, Index in_block, Index base) const;

 private:
    int place_of(int qubit) const { return place_[static_cast<std::size_t>(qubit)]; }

    int positions_;
    int lane_bits_;
    int block_bits_;
    Index hot_;
    std::array<int, 64> place_;  // -1 for cold qubits
};

}  // namespace ketjet
