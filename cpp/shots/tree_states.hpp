// The states of a tree's trajectories: allocated within a budget, given up where there is no room for them, and made
// again along the paths of those that lack one.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include "plan/cost.hpp"
#include "shots/state_budget.hpp"
#include "shots/tree_limits.hpp"
#include "shots/walker.hpp"

namespace ketjet {

template <class T>
class TreeStates {
 public:
    using State = std::unique_ptr<StateVector<T>>;

    TreeStates(const Walker<T>& walker, const TreeLimits& limits)
        : walker_(walker),
          plan_(*walker.bound_plan().plan),
          budget_(limits.max_states(), limits.members(), state_bytes(plan_.state_qubits, plan_.request.precision)) {}

    // One that only saves time, or null if there is no room.
    State take() { return budget_.take() ? made() : nullptr; }
    // One that is needed: where others hold what there is, from the reserve.
    State force() {
        budget_.force();
        return made();
    }
    State take_or_force() {
        State state = take();
        return state != nullptr ? std::move(state) : force();
    }
    void give_up(State& state) {
        if (state == nullptr) return;
        state.reset();
        budget_.give_back();
    }
    // Gives a state to a trajectory that has none.
    void revive(Trajectory<T>& trajectory, const RunContext& context) {
        if (trajectory.state == nullptr) walker_.replay(trajectory, {take_or_force(), Shots(0)}, context);
    }

    std::int64_t left() const { return budget_.left(); }
    // Whether there are more of them than room.
    bool are_too_many() const { return budget_.is_exceeded(); }
    // Whether whoever waits should give up its own.
    bool are_scarce() const { return budget_.reserve_is_used() || are_too_many(); }

 private:
    State made() const { return std::make_unique<StateVector<T>>(plan_.num_qubits, plan_.state_qubits); }

    const Walker<T>& walker_;
    const Plan& plan_;
    StateBudget budget_;
};

}  // namespace ketjet
