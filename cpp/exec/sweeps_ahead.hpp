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

namespace ketjet {

class SweepsAhead {
 public:
    // Sweeps are emitted by number; those that `kept` finds are taken from there.
    SweepsAhead(std::size_t sweeps, std::function<BoundSweep(std::size_t)> emitted,
                std::function<const BoundSweep*(std::size_t)> kept)
        : emitted_(std::move(emitted)), kept_(std::move(kept)), slots_(sweeps) {}

    // Emits a sweep unless somebody has begun to; all may read it after the next barrier.
    void emit(std::size_t sweep) {
        Slot& slot = slots_[sweep];
        if (slot.begun.exchange(true, std::memory_order_relaxed)) return;
        slot.bound = kept_(sweep);
        if (slot.bound != nullptr) return;
        slot.own = std::make_unique<BoundSweep>(emitted_(sweep));
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
        slot.own.reset();
    }

 private:
    struct Slot {
        std::atomic<bool> begun{false};
        const BoundSweep* bound = nullptr;
        std::unique_ptr<BoundSweep> own;
    };
    static std::int64_t bytes_of(const Slot& slot) { return static_cast<std::int64_t>(slot.own->arena.bytes()); }
    bool has_room() const { return may_emit_more(bytes_.load(std::memory_order_relaxed)); }

    std::function<BoundSweep(std::size_t)> emitted_;
    std::function<const BoundSweep*(std::size_t)> kept_;
    std::vector<Slot> slots_;
    std::atomic<std::int64_t> bytes_{0};  // of the arenas
};

}  // namespace ketjet
