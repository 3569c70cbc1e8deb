// States of few qubits side by side in one block. The lowest bits of an amplitude's position in the block number the
// states, its points; the others are the qubits. Points are lanes of a vector, and so are the lowest qubits where there
// are fewer points than lanes: to the kernels that is a block like any other, whose lanes want coefficients of their
// own.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/aligned_buffer.hpp"
#include "base/bits.hpp"
#include "kernels/kernel_table.hpp"
#include "plan/by_operation.hpp"
#include "state/state_vector.hpp"

namespace ketjet {

template <class T>
class BatchBlock {
 public:
    // For so many points, of which a vector has enough lanes.
    BatchBlock(int num_qubits, std::size_t points, int lane_bits)
        : num_qubits_(num_qubits),
          lane_bits_(lane_bits),
          point_bits_(std::max(static_cast<int>(std::bit_width(points - 1)), lane_bits - num_qubits)),
          buffer_(static_cast<std::size_t>(offset(bit(vector_bits()))) * sizeof(T)) {
        for (std::size_t y = 0; y < low_.size(); ++y) low_[y] = offset(y);
        for (std::size_t y = 0; y < high_.size(); ++y) high_[y] = offset(y << low_bits_of_map);
    }
    BatchBlock(const BatchBlock&) = delete;
    BatchBlock& operator=(const BatchBlock&) = delete;

    int num_qubits() const { return num_qubits_; }
    std::size_t lanes() const { return std::size_t{1} << lane_bits_; }
    // As many as there is room for.
    std::size_t points() const { return std::size_t{1} << point_bits_; }
    std::size_t point_of(std::size_t lane) const { return lane & (points() - 1); }
    // The basis state of the qubits that are lanes.
    Index qubits_of(std::size_t lane) const { return lane >> point_bits_; }
    Index lane_qubits() const { return low_bits(lane_bits_ - point_bits_); }
    // The basis state of all qubits at a lane of a vector.
    Index qubits_at(Index vector, std::size_t lane) const {
        return vector << (lane_bits_ - point_bits_) | qubits_of(lane);
    }
    // Qubits as bits of a lane's number, and as bits of a vector's.
    Index lanes_of(Index qubits) const { return (qubits & lane_qubits()) << point_bits_; }
    Index vectors_of(Index qubits) const { return qubits >> (lane_bits_ - point_bits_); }

    T* scalars() { return static_cast<T*>(buffer_.data()); }
    const T* scalars() const { return static_cast<const T*>(buffer_.data()); }
    // Where a vector begins, in scalars.
    std::uint32_t offset(Index vector) const { return static_cast<std::uint32_t>(vector << (lane_bits_ + 1)); }
    // The vectors whose numbers have `value` in the bits of `fixed`.
    VectorSubset vectors(Index fixed, Index value) const {
        return {fixed, value, vector_bits(), {low_.data(), high_.data(), 0}, nullptr};
    }

    // |0...0> for every point.
    void set_zero_state() {
        std::fill_n(scalars(), offset(bit(vector_bits())), T(0));
        std::fill_n(scalars(), points(), T(1));
    }

    // The first state of another block, for every point.
    void set_state(const BatchBlock& other) {
        for (Index i = 0; i < bit(num_qubits_); ++i) {
            const T* const from = other.scalars() + other.place_of(i);
            T* const to = scalars() + place_of(i);
            std::fill_n(to, points(), from[0]);
            std::fill_n(to + lanes(), points(), from[other.lanes()]);
        }
    }

    // Writes the parts of all amplitudes, by position.
    void copy_to(std::span<double> real, std::span<double> imaginary) const {
        for (std::size_t position = 0; position < real.size(); ++position) {
            const T* const part = scalars() + offset(position >> lane_bits_) + (position & (lanes() - 1));
            real[position] = part[0];
            imaginary[position] = part[lanes()];
        }
    }
    // Writes the state of a point, zeros where the other one has more qubits.
    void copy_to(StateVector<T>& state, std::size_t point) const {
        std::complex<T>* const amplitudes = state.amplitudes();
        for (Index i = 0; i < bit(num_qubits_); ++i) {
            const T* const real = scalars() + place_of(i) + point;
            amplitudes[i] = {real[0], real[lanes()]};
        }
        std::fill(amplitudes + bit(num_qubits_), amplitudes + state.stored_size(), std::complex<T>());
        state.set_all_active();
    }

 private:
    static constexpr int low_bits_of_map = 6;  // see AddressMap

    int vector_bits() const { return num_qubits_ + point_bits_ - lane_bits_; }
    // Where the real part of an amplitude of the first point is; the imaginary part is as many scalars further on as
    // there are lanes.
    std::size_t place_of(Index amplitude) const { return offset(vectors_of(amplitude)) + lanes_of(amplitude); }

    int num_qubits_;
    int lane_bits_;
    int point_bits_;
    AlignedBuffer buffer_;
    std::array<std::uint32_t, std::size_t{1} << low_bits_of_map> low_;
    std::array<std::uint32_t, std::size_t{1} << (max_batch_qubits - low_bits_of_map)> high_;
};

}  // namespace ketjet
