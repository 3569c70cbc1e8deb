// All shots of a plan with trajectories, as a tree: common beginnings run once, trajectories branch where shots differ,
// and those that meet in the same state go on as one. The memory for states is bounded whatever the tree looks like.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "check/verify.hpp"
#include "shots/tree_outcome.hpp"
#include "shots/walker.hpp"

namespace ketjet {

template <class T>
struct TreeResult {
    TreeOutcome outcome;
    std::unique_ptr<StateVector<T>> state;  // if asked for, and if all shots have ended in it
    std::int64_t trajectories = 0;          // that reached the end
};

// Runs the plan that the walker follows. `stage_work` has the predicted nanoseconds of each stage, where progress is
// counted in them. The verifier, null if there is none, checks mergers and is one of the context's observers.
template <class T>
TreeResult<T> run_tree(const Walker<T>& walker, std::span<const std::int64_t> stage_work, Verifier* verifier,
                       const RunContext& context);

}  // namespace ketjet
