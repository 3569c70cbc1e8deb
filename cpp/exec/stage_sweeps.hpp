// The bound sweeps of one plan, kept for programs that run their stages again and again: in loops, and for trajectories
// that have branched. Each is emitted by whoever needs it first.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "base/memory_budget.hpp"
#include "emit/emit_sweep.hpp"
#include "exec/tuning.hpp"

namespace ketjet {

// Whether further sweeps may be emitted before they are needed, where those that are take so many bytes.
inline bool may_emit_more(std::int64_t bytes) {
    const MemoryBudget* const budget = MemoryBudget::current();
    return bytes <= emitted_bytes || budget == nullptr || bytes <= budget->ceiling() / emitted_part;
}

template <class T>
class StageSweeps {
 public:
    // Of a plan whose stages run once, none are kept.
    StageSweeps(const BoundPlan& bound, const Kernels& kernels)
        : bound_(bound),
          kernels_(kernels),
          sweeps_(bound.plan->has_trajectories() ? std::min(bound.plan->stages.size(), max_kept_sweeps) : 0) {}

    // Null if it is not kept: all would take too much memory.
    const BoundSweep* find(std::size_t stage) const {
        if (stage >= sweeps_.size()) return nullptr;
        Entry& entry = sweeps_[stage];
        std::call_once(entry.once, [&] {
            if (!may_emit_more(bytes_)) return;
            entry.sweep = std::make_unique<BoundSweep>(emit_sweep<T>(bound_.program, bound_.sweep(stage), kernels_));
            bytes_ += static_cast<std::int64_t>(entry.sweep->arena.bytes());
        });
        return entry.sweep.get();
    }

 private:
    struct Entry {
        std::once_flag once;
        std::unique_ptr<BoundSweep> sweep;
    };

    const BoundPlan& bound_;
    const Kernels& kernels_;
    mutable std::vector<Entry> sweeps_;
    mutable std::atomic<std::int64_t> bytes_{0};  // of their arenas
};

}  // namespace ketjet
