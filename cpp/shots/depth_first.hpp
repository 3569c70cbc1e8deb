// One trajectory and all that branch off from it, followed to their ends in depth: branches are put on a stack, the
// last one to be taken first. The states of those at its bottom are given up when there is no other memory: they are
// few, and their paths are short.
#pragma once

#include "shots/tree_states.hpp"
#include "shots/walker.hpp"

namespace ketjet {

template <class T>
class DepthFirst : public BranchSink<T> {
 public:
    using State = typename TreeStates<T>::State;

    // All begins with this trajectory, which gets a state if it has none. If `keeps_first`, its state is kept as it is,
    // and paths begin there: of a mean of states, no path tells how to make it again.
    DepthFirst(const Walker<T>& walker, TreeStates<T>& states, bool keeps_first, Trajectory<T>& first,
               const RunContext& context);
    ~DepthFirst() override;

    State copy_of(const StateVector<T>& state, const RunContext& context) override;
    void take(Trajectory<T> branch) override { stack_.push_back(std::move(branch)); }

    bool empty() const { return stack_.empty(); }
    // Takes a trajectory off the stack, with a state.
    Trajectory<T> next(const RunContext& context);
    // Takes the memory of a state that nobody wants any more.
    void reuse(State state);

 private:
    State find_memory();

    const Walker<T>& walker_;
    TreeStates<T>& states_;
    ShotsVector<Trajectory<T>> stack_;
    Trajectory<T> root_{nullptr, Shots(0)};
    State spare_;
};

}  // namespace ketjet
