// Actions on all points of a block, each a call of one kernel, with numbers that may differ from point to point.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "batch/batch_block.hpp"
#include "emit/arena.hpp"
#include "kernels/kernel_table.hpp"
#include "program/action.hpp"
#include "program/pauli.hpp"

namespace ketjet {

// Where numbers of points are taken there are as many as the block has points, or one for all.
template <class T>
class BatchCalls {
 public:
    BatchCalls(BatchBlock<T>& block, const Kernels& kernels) : block_(block), kernels_(kernels) {}

    void flip(const Condition& condition, Index mask);
    void swap(const Condition& condition, int first, int second);
    // exp(-i angle/2 P), by cos + i sin of angle/2.
    void rotate(const Condition& condition, const PauliMasks& paulis, std::span<const Complex> halves);
    // Entry by entry, those of all points for each.
    void diagonal(const Condition& condition, std::span<const std::int32_t> targets, std::span<const Complex> entries);
    void dense(const Condition& condition, std::span<const std::int32_t> targets, std::span<const Matrix> matrices);

 private:
    Condition on_vectors(const Condition& condition) const {
        return {block_.vectors_of(condition.mask), block_.vectors_of(condition.value)};
    }
    // Whether a lane's qubits meet a condition.
    bool holds_in(const Condition& condition, std::size_t lane) const {
        return ((block_.qubits_of(lane) ^ condition.value) & condition.mask & block_.lane_qubits()) == 0;
    }
    // One number a lane.
    template <class Value>
    T* lane_values(Value value);

    BatchBlock<T>& block_;
    const Kernels& kernels_;
    Arena arena_{};
};

}  // namespace ketjet
