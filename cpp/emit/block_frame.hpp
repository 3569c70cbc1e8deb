// What is known about a block without touching it: where each vector lies (a GF(2)-linear map), which lanes and signs
// differ from what is stored, and a common factor. X, Z, CX and SWAP act on this frame and cost nothing.
#pragma once

#include <array>
#include <complex>
#include <span>
#include <vector>

#include "base/bits.hpp"
#include "emit/arena.hpp"
#include "kernels/kernel_table.hpp"
#include "program/matrix.hpp"

namespace ketjet {

// The state of the block is scale * Z(signs) |stored>, where stored amplitude `index` is found at vector
// index >> lane_bits, through the map, and at lane (index ^ lane_flip).
class BlockFrame {
 public:
    // `hot` as in Sweep; vectors of `vector_scalars` scalars.
    BlockFrame(std::span<const int> hot, int lane_bits, std::uint32_t vector_scalars, std::size_t vector_bytes,
               Arena& arena);

    int lane_bits() const { return lane_bits_; }
    int vector_bits() const { return static_cast<int>(columns_.size()); }
    int position(int qubit) const { return position_[static_cast<std::size_t>(qubit)]; }  // -1 for cold ones
    bool is_vector(int qubit) const { return position(qubit) >= lane_bits_; }

    // The map as it is now; its tables live as long as the arena.
    AddressMap map();
    // What the XOR of a set of vector bits adds to an address.
    std::uint32_t offset(Index vectors) const;

    Index lane_flip = 0;  // of lane positions
    Index signs = 0;      // of qubits, cold ones included
    Complex scale = 1;

    bool has_sign(int qubit) const { return (signs >> qubit & 1) != 0; }
    void toggle_sign(int qubit) { signs ^= bit(qubit); }

    // X on a hot qubit.
    void flip(int qubit);
    // CX and SWAP of hot qubits above the lanes.
    void add(int control, int target);
    void exchange(int first, int second);
    // What a SWAP does to the signs alone, when amplitudes are moved otherwise.
    void move_signs_of_swap(int first, int second);

 private:
    std::uint32_t& column(int qubit) { return columns_[static_cast<std::size_t>(position(qubit) - lane_bits_)]; }

    int lane_bits_;
    std::array<int, 64> position_;
    std::vector<std::uint32_t> columns_;  // the address of each vector bit
    std::uint32_t affine_ = 0;
    Arena& arena_;
    AddressMap map_{};
    bool changed_ = true;
};

}  // namespace ketjet
