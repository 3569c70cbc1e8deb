// Where the amplitudes of one state live: 2^max(n, minimum) interleaved complex numbers in RAM, NumPy's layout.
// Knows memory and size, nothing of gates.
#pragma once

#include <complex>
#include <cstdint>

#include "base/aligned_buffer.hpp"
#include "base/bits.hpp"

namespace ketjet {

template <class T>
class StateVector {
 public:
    // Contents are unspecified. Throws std::bad_alloc.
    StateVector(int num_qubits, int minimum_qubits)
        : num_qubits_(num_qubits),
          stored_qubits_(num_qubits < minimum_qubits ? minimum_qubits : num_qubits),
          total_qubits_(stored_qubits_),
          active_(low_bits(stored_qubits_)),
          buffer_(static_cast<std::size_t>(bit(stored_qubits_)) * sizeof(std::complex<T>)) {}

    // One rank's share of a state: the amplitudes whose indices have these bits above those of the share.
    static StateVector share(int local_qubits, int total_qubits, Index upper_bits) {
        StateVector result(local_qubits, local_qubits);
        result.total_qubits_ = total_qubits;
        result.upper_bits_ = upper_bits;
        result.set_all_active();
        return result;
    }

    int num_qubits() const { return num_qubits_; }
    // Qubits of the stored array; those above num_qubits() are always |0>.
    int stored_qubits() const { return stored_qubits_; }
    // Of the whole state, where this is a share of one; and the bits that its own amplitudes have above
    // stored_qubits().
    int total_qubits() const { return total_qubits_; }
    Index upper_bits() const { return upper_bits_; }
    Index size() const { return bit(num_qubits_); }
    Index stored_size() const { return bit(stored_qubits_); }

    T* scalars() { return static_cast<T*>(buffer_.data()); }
    const T* scalars() const { return static_cast<const T*>(buffer_.data()); }
    std::complex<T>* amplitudes() { return static_cast<std::complex<T>*>(buffer_.data()); }
    const std::complex<T>* amplitudes() const { return static_cast<const std::complex<T>*>(buffer_.data()); }

    // The stored qubits, or those of the whole state, that may be other than |0>. Amplitudes where another one is 1 are
    // zero, whatever the memory holds there; if there is none, the state is |0...0> and no memory counts. Whoever reads
    // amplitudes calls write_out (exec/write_out.hpp) before.
    Index active() const { return active_; }
    // All others.
    Index fresh() const { return low_bits(total_qubits_) & ~active_; }
    void set_active(Index qubits) { active_ = qubits; }
    void set_all_active() { active_ = low_bits(total_qubits_); }
    bool is_written_out() const { return active_ == low_bits(total_qubits_); }

    // Whether nobody has touched its memory before.
    bool is_fresh() const { return buffer_.is_fresh(); }

    // Frees the memory for the operating system instead of keeping it warm for the next state.
    void release() { buffer_.reset(true); }

 private:
    int num_qubits_;
    int stored_qubits_;
    int total_qubits_;
    Index upper_bits_ = 0;
    Index active_;
    AlignedBuffer buffer_;
};

}  // namespace ketjet
