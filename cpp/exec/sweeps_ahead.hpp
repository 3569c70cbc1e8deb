// The sweeps of a run with their coefficients, each emitted by the first member of the team that has nothing else to
// do: while others still work on a sweep, those that follow are made ready.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <variant>
#include <vector>

#include "emit/emit_sweep.hpp"
#include "exec/stage_sweeps.hpp"
#include "exec/sweep_readings.hpp"

namespace ketjet {

template <class T>
class SweepsAhead {
 public:
    // Those that `kept` has are taken from there. One may have something to read, else `readings` is null.
    SweepsAhead(const BoundPlan& bound, StageRange sweeps, const Kernels& kernels, const StageSweeps<T>& kept,
                const SweepReadings* readings)
        : bound_(bound),
          first_(sweeps.begin),
          kernels_(kernels),
          kept_(kept),
          readings_(readings),
          slots_(sweeps.size()) {}

    // Emits a sweep unless somebody has begun to; all may read it after the next barrier.
    void emit(std::size_t sweep) {
        Slot& slot = slots_[sweep];
        if (slot.begun.exchange(true, std::memory_order_relaxed)) return;
        const std::size_t stage = first_ + sweep;
        const bool reads = readings_ != nullptr && readings_->stage() == stage;
        if (!reads) slot.bound = kept_.find(stage);
        if (slot.bound != nullptr) return;
        slot.own = std::make_unique<BoundSweep>(emit_sweep<T>(bound_.program, bound_.sweep(stage), kernels_,
                                                              reads ? readings_->reading() : SweepReading{}));
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

    const BoundPlan& bound_;
    std::size_t first_;
    const Kernels& kernels_;
    const StageSweeps<T>& kept_;
    const SweepReadings* readings_;
    std::vector<Slot> slots_;
    std::atomic<std::int64_t> bytes_{0};  // of the arenas
};

}  // namespace ketjet
