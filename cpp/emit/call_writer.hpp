// Where the emitters write: the calls of a sweep in order, and memory for what these point to.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

#include "emit/block_frame.hpp"
#include "emit/bound_sweep.hpp"

namespace ketjet {

// The lanes of the widest vectors: what is read how, and in which order, does not depend on the lane width.
template <class T>
constexpr int widest_lane_bits = sizeof(T) == sizeof(float) ? 4 : 3;

// Coefficients are scalars of type T, in the kernels' layout.
template <class T>
class CallWriter {
 public:
    CallWriter(const Kernels& kernels, BoundSweep& sweep)
        : max_turn_axes_(static_cast<std::size_t>(kernels.max_turn_axes)), sweep_(sweep) {}

    // Of one turn call, as the kernels have registers for.
    std::size_t max_turn_axes() const { return max_turn_axes_; }

    template <class U>
    U* take(std::size_t count) {
        return sweep_.arena.take<U>(count);
    }
    T* coefficients(std::size_t count) { return take<T>(count); }
    // For what is not wanted any more when the sweep has been emitted.
    Arena& temporaries() { return sweep_.temporaries; }
    // A scalar for each lane, value(lowest bits of the index).
    template <class Value>
    const T* lane_values(const BlockFrame& frame, Value value) {
        const std::size_t lanes = frame.layout().lanes();
        T* const values = coefficients(lanes);
        for (std::size_t lane = 0; lane < lanes; ++lane) {
            values[lane] = static_cast<T>(value(frame.index_of_lane(lane)));
        }
        return values;
    }

    // On the blocks that meet a condition on cold qubits.
    template <class Call>
    void add(const Condition& cold, const Call& call) {
        BoundCall& added = sweep_.calls.emplace_back();
        added.cold = cold;
        added.call.template emplace<Call>(call);
    }
    // The kernel of a call needs so much memory of its own.
    void need_scratch(std::size_t bytes) { sweep_.scratch_bytes = std::max(sweep_.scratch_bytes, bytes); }

 private:
    std::size_t max_turn_axes_;
    BoundSweep& sweep_;
};

// By the lanes of a string's Z: the signs of the lanes, each made once.
template <class T>
class LaneSigns {
 public:
    LaneSigns(const BlockFrame& frame, CallWriter<T>& out) : frame_(frame), out_(out) {}

    const T* of(Index lanes) {
        const T*& signs = signs_[lanes];
        if (signs == nullptr) {
            signs = out_.lane_values(frame_, [&](Index index) { return parity(index & lanes) ? -1 : 1; });
        }
        return signs;
    }

 private:
    const BlockFrame& frame_;
    CallWriter<T>& out_;
    std::array<const T*, 16> signs_{};
};

}  // namespace ketjet
