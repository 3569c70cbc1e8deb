// How many states may still be allocated; for all threads. Some are in reserve for trajectories that lack one to go on,
// as many as go on side by side. All others only save time, so they leave room for what else the run holds to grow: a
// vector that grows takes twice as much again for a moment.
#pragma once

#include <atomic>
#include <cstdint>

#include "base/memory_budget.hpp"

namespace ketjet {

class StateBudget {
 public:
    StateBudget(std::int64_t states, std::int64_t reserve, std::int64_t state_bytes)
        : left_(states), reserve_(reserve), state_bytes_(state_bytes) {}

    // Counts a state that saves time, if there is room for one; and one that is needed.
    bool take();
    void force() { left_.fetch_sub(1); }
    void give_back() { left_.fetch_add(1); }

    std::int64_t left() const { return left_.load(); }
    bool reserve_is_used() const { return left_.load() < reserve_; }

    // Whether there are more states than room for them.
    bool is_exceeded() const { return !has_room_for(0); }

 private:
    bool has_room_for(std::int64_t bytes) const;

    std::atomic<std::int64_t> left_;
    std::int64_t reserve_, state_bytes_;
    const MemoryBudget* memory_ = MemoryBudget::current();
};

}  // namespace ketjet
