// All shots of a plan with trajectories, as a tree: common beginnings run once, trajectories part where their shots do,
// and those that meet in the same state go on as one. The memory for states is bounded whatever the tree looks like.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "check/verify.hpp"
#include "shots/final_draw.hpp"
#include "shots/trajectory.hpp"

namespace ketjet {

struct TreeRequest {
    WalkRules rules{};  // with the weight of all shots together: their number, or 1 for an exact distribution
    std::int64_t most_states = 2;        // held at a time, at least 1
    std::int64_t small_state_bytes = 0;  // states up to this size are held beside those
    bool keep_state = false;
    bool remember_ways = false;  // of one shot for every outcome
    std::span<const std::int64_t>
        stage_work{};              // predicted nanoseconds of each stage, where progress is counted in them
    Verifier* verifier = nullptr;  // checks mergers, and is one of the observers
};

template <class T>
struct TreeResult {
    TreeOutcome outcome;
    std::unique_ptr<StateVector<T>> state;  // if asked for, and if all shots have ended in it
    std::int64_t trajectories = 0;          // that reached the end
};

// Runs the plan that the walker follows.
template <class T>
TreeResult<T> run_tree(const Walker<T>& walker, const TreeRequest& request, const RunContext& context);

}  // namespace ketjet
