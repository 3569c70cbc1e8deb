// The squared norms of the parts of a state: what its basis states are drawn by. All are sums of one tree over the
// index, whose leaves the kernels add up and whose other nodes are sums of two: they have the same digits whoever adds
// them up.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <vector>

#include "base/charged.hpp"
#include "exec/run_context.hpp"
#include "state/chunks.hpp"

namespace ketjet {

struct StateNorms {
    std::vector<double> chunks;     // nodes of 2^chunk_bits amplitudes, or of a whole smaller state
    OutcomesVector<double> rows{};  // nodes below the chunks, in order, if somebody has kept them
    int row_bits = 0;               // of the amplitudes of each

    double total() const { return pairwise_sum(chunks); }
};

// Reads the state.
template <class T>
StateNorms norms_of(const StateVector<T>& state, const RunContext& context);

// What kernels add up of the leaves in a part of a state, at most a chunk; valid until the next one.
template <class T>
class LeafNorms {
 public:
    explicit LeafNorms(const Kernels& kernels) : kernels_(kernels) {}
    std::span<double> operator()(std::span<const std::complex<T>> part) {
        kernels_.leaf_norms(part.data(), part.size() >> leaf_bits, norms_.data());
        return std::span(norms_).first(part.size() >> leaf_bits);
    }

 private:
    const Kernels& kernels_;
    std::array<double, bit(chunk_bits - leaf_bits)> norms_;
};

}  // namespace ketjet
