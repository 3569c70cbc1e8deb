// Every row, or block, has a number of its own, so that threads need not wait for each other and sums have one order.
#include "exec/sweep_norms.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "state/chunks.hpp"

namespace ketjet {

void SweepNorms::begin(const BoundSweep& sweep, std::size_t blocks) {
    norms_.clear();
    row_bits_ = sweep.scattered.run_bits;
    norms_.resize(wanted_ == Wanted::total ? blocks : bit(state_qubits_ - row_bits_));
}

SweepNorms::Place SweepNorms::of_block(std::size_t number, Index base) {
    constexpr int all_bits = 63;
    if (norms_.empty()) return {};
    if (wanted_ == Wanted::total) return {&norms_[number], all_bits, true};
    return {norms_.data() + (base >> row_bits_), row_bits_, false};
}

double SweepNorms::total() const { return pairwise_sum(norms_); }

StateNorms SweepNorms::take() {
    StateNorms result;
    const std::size_t rows = std::min(norms_.size(), static_cast<std::size_t>(bit(chunk_bits - row_bits_)));
    std::array<double, bit(chunk_bits - leaf_bits)> sums;
    for (auto row = norms_.begin(); row != norms_.end(); row += static_cast<std::ptrdiff_t>(rows)) {
        std::copy_n(row, rows, sums.begin());
        result.chunks.push_back(sum_in_place(std::span(sums).first(rows)));
    }
    result.rows = std::exchange(norms_, {});
    result.row_bits = row_bits_;
    return result;
}

}  // namespace ketjet
