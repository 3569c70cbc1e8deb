// Every row, or block, has a number of its own, so that threads need not wait for each other and sums have one order.
#include "exec/sweep_norms.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "plan/cost.hpp"
#include "state/chunks.hpp"

namespace ketjet {

void SweepNorms::begin(const BoundSweep& sweep, std::size_t blocks) {
    norms_.clear();
    row_bits_ = sweep.scattered.run_bits;
    if (wanted_ == Wanted::total) {
        norms_.resize(blocks);
    } else if (row_bits_ >= least_summed_row_bits) {
        norms_.resize(bit(num_qubits_ - row_bits_));
    }
}

SweepNorms::Place SweepNorms::of_block(std::size_t number, Index base) {
    constexpr int all_bits = 63;
    if (norms_.empty()) return {};
    if (wanted_ == Wanted::total) return {&norms_[number], all_bits};
    return {norms_.data() + (base >> row_bits_), row_bits_};
}

double SweepNorms::total() const { return pairwise_sum(norms_); }

StateNorms SweepNorms::take() {
    StateNorms result;
    const std::size_t rows = std::min(norms_.size(), static_cast<std::size_t>(bit(chunk_bits - row_bits_)));
    std::array<double, bit(chunk_bits - least_summed_row_bits)> sums;
    for (auto row = norms_.begin(); row != norms_.end(); row += static_cast<std::ptrdiff_t>(rows)) {
        std::copy_n(row, rows, sums.begin());
        for (std::size_t count = rows / 2; count > 0; count /= 2) {
            for (std::size_t i = 0; i < count; ++i) sums[i] = sums[2 * i] + sums[2 * i + 1];
        }
        result.chunks.push_back(sums[0]);
    }
    result.rows = std::exchange(norms_, {});
    return result;
}

}  // namespace ketjet
