// The sweeps of a run with their coefficients, each emitted by the first member of the team that has nothing else to
// do: while others still work on a sweep, those that follow are made ready.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "emit/bound_sweep.hpp"
#include "exec/stage_sweeps.hpp"
#include "plan/plan.hpp"

namespace ketjet {

// The sweeps of earlier runs of a plan, by stage, as long as there is room for them: whoever emits one again has its
// memory. Members of a team may ask for different ones at the same time.
class SpentSweeps {
 public:
    explicit SpentSweeps(std::size_t stages) : sweeps_(stages) {}

    std::unique_ptr<BoundSweep> take(std::size_t stage) {
        if (sweeps_[stage] != nullptr) bytes_.fetch_sub(bytes_of(*sweeps_[stage]), std::memory_order_relaxed);
        return std::move(sweeps_[stage]);
    }
    void give(std::size_t stage, std::unique_ptr<BoundSweep> sweep) {
        const std::int64_t bytes = bytes_of(*sweep);
        if (!may_emit_more(bytes_.load(std::memory_order_relaxed) + bytes)) return;
        bytes_.fetch_add(bytes, std::memory_order_relaxed);
        sweeps_[stage] = std::move(sweep);
    }

 private:
    static std::int64_t bytes_of(const BoundSweep& sweep) {
        return static_cast<std::int64_t>(sweep.arena.bytes() + sweep.temporaries.bytes());
    }

    std::vector<std::unique_ptr<BoundSweep>> sweeps_;
    std::atomic<std::int64_t> bytes_{0};
};

class SweepsAhead {
 public:
    // Sweeps are emitted by stage, and those that `kept` finds are taken from there. `spent` may be null.
    SweepsAhead(StageRange stages, std::function<void(std::size_t, BoundSweep&)> emit_into,
                std::function<const BoundSweep*(std::size_t)> kept, SpentSweeps* spent)
        : stages_(stages),
          emit_into_(std::move(emit_into)),
          kept_(std::move(kept)),
          spent_(spent),
          slots_(stages.size()) {}

    // Emits a sweep unless somebody has begun to; all may read it after the next barrier.
    void emit(std::size_t sweep) {
        Slot& slot = slots_[sweep];
        if (slot.begun.exchange(true, std::memory_order_relaxed)) return;
        const std::size_t stage = stages_.begin + sweep;
        slot.bound = kept_(stage);
        if (slot.bound != nullptr) return;
        if (spent_ != nullptr) slot.own = spent_->take(stage);
        if (slot.own == nullptr) slot.own = std::make_unique<BoundSweep>();
        emit_into_(stage, *slot.own);
        if (spent_ == nullptr) slot.own->temporaries = {};
        slot.bound = slot.own.get();
        bytes_.fetch_add(bytes_of(slot), std::memory_order_relaxed);
    }

    // Emits up to `max_sweeps` after one that runs, as long as there is room for them and `goes_on()`.
    template <class GoesOn>
    void emit_after(std::size_t running, std::size_t max_sweeps, GoesOn goes_on) {
        const std::size_t end = std::min(slots_.size(), running + 1 + max_sweeps);
        for (std::size_t sweep = running + 1; sweep < end && goes_on() && has_room(); ++sweep) emit(sweep);
    }

    const BoundSweep& operator[](std::size_t sweep) const { return *slots_[sweep].bound; }

    // By one member, when all are done with the sweep.
    void drop(std::size_t sweep) {
        Slot& slot = slots_[sweep];
        if (slot.own == nullptr) return;
        bytes_.fetch_sub(bytes_of(slot), std::memory_order_relaxed);
        if (spent_ != nullptr) {
            spent_->give(stages_.begin + sweep, std::move(slot.own));
        } else {
            slot.own.reset();
        }
    }

 private:
    struct Slot {
        std::atomic<bool> begun{false};
        const BoundSweep* bound = nullptr;
        std::unique_ptr<BoundSweep> own;
    };
    static std::int64_t bytes_of(const Slot& slot) { return static_cast<std::int64_t>(slot.own->arena.bytes()); }
    bool has_room() const { return may_emit_more(bytes_.load(std::memory_order_relaxed)); }

    StageRange stages_;
    std::function<void(std::size_t, BoundSweep&)> emit_into_;
    std::function<const BoundSweep*(std::size_t)> kept_;
    SpentSweeps* spent_;
    std::vector<Slot> slots_;
    std::atomic<std::int64_t> bytes_{0};  // of the arenas
};

}  // namespace ketjet
