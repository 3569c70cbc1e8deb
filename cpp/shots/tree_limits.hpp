// How much of a tree of trajectories is held at a time, as it is settled before the tree starts: it follows from the
// plan, the request, the number of threads and the memory of the job.
#pragma once

#include <cstdint>

#include "plan/plan.hpp"

namespace ketjet {

struct RunRequest;

class TreeLimits {
 public:
    TreeLimits(const Plan& plan, const RunRequest& request, int threads);

    // Whether groups of shots with equal memory unite, so that what is merged must not depend on memory.
    bool unites() const { return unites_; }

    // Whether states are held whatever else there is room for, because they are small. Where it does not matter for
    // what is drawn, they are not so many that memory might not do.
    bool holds_all() const { return holds_all_; }

    // So many states are held at a time, if there is room for them.
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

}  // namespace ketjet
