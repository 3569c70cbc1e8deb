// How much of a tree of trajectories is held at a time: what is settled before it starts, and the count of states while
// it runs.
#pragma once

#include <atomic>
#include <cstdint>

#include "base/memory_budget.hpp"
#include "plan/plan.hpp"

namespace ketjet {

struct RunRequest;

// What follows from the plan, the request, the number of threads and the memory of the job.
class TreeLimits {
 public:
    TreeLimits(const Plan& plan, const RunRequest& request, int threads);

    // Whether groups of shots with equal memory unite, so that what is merged must not depend on memory.
    bool unites() const { return unites_; }

    // Whether states are held whatever else there is room for, because they are small. Where it does not matter for
    // what is drawn, they are not so many that memory might not do.
    bool holds_all() const { return holds_all_; }

    // At a time, of those that there is room for.
    std::int64_t max_states() const { return max_states_; }

    // So many trajectories may wait for each other. Where that matters for what is drawn, or nearly so, it depends on
    // the plan and the number of shots alone.
    std::int64_t max_waiting() const { return max_waiting_; }

    // Threads that go on side by side, each with a trajectory of its own.
    int members() const { return members_; }

 private:
    bool unites_, holds_all_;
    std::int64_t max_states_, max_waiting_;
    int members_;
};

// How many states may still be allocated; for all threads. Some are in reserve for trajectories that lack one to go on,
// as many as go on side by side. All others only save time, so they leave room for what else the run holds to grow: a
// vector that grows takes twice as much again for a moment.
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
