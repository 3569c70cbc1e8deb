// All shots of a plan with trajectories, as a tree: common beginnings run once, trajectories part where their shots do,
// and those that meet in the same state go on as one. The memory for states is bounded whatever the tree looks like.
#pragma once

#include <cstdint>
#include <memory>

#include "exec/final_draw.hpp"
#include "exec/trajectory.hpp"

namespace ketjet {

struct TreeRequest {
    WalkRules rules{};
    double weight = 1;             // of all shots together: their number, or 1 for an exact distribution
    std::int64_t most_states = 2;  // held at a time, at least 1
    bool merge = true;             // trajectories in the same state
    bool keep_state = false;
};

template <class T>
struct TreeResult {
    TreeOutcome outcome;
    std::unique_ptr<StateVector<T>> state;  // if asked for: that of the witness among the shots
    std::int64_t trajectories = 0;          // that reached the end
    std::vector<SavedRecord> saves;
};

// `program` is the plan's own with the present slots.
template <class T>
TreeResult<T> run_tree(const Program& program, const Plan& plan, const TreeRequest& request, const RunContext& context);

}  // namespace ketjet
