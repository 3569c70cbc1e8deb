// A trajectory: one state, the shots that are in it, and where in the plan they are.
#pragma once

#include <cstdint>
#include <memory>

#include "base/charged.hpp"
#include "exec/executor.hpp"
#include "shots/shots.hpp"
#include "state/state_vector.hpp"

namespace ketjet {

// Where a trajectory has branched into two that may meet again.
struct BranchPoint {
    std::uint64_t number;
    double operations;  // before it
};

template <class T>
struct Trajectory {
    std::unique_ptr<StateVector<T>> state;  // null where there was no room for one: `path` tells how to make it again
    Shots shots;
    std::uint32_t stage = 0;
    std::uint32_t collapses_done = 0;  // of a stage that has several
    std::uint64_t steps = 0;           // taken since the beginning
    ShotsVector<bool> path{};          // which way it took wherever it could have branched
    std::int64_t jumps_back = 0;
    double phase = 0;       // of the circuit's global phases so far, as far as an initialisation of all qubits needs it
    double operations = 0;  // carried out on the state since the beginning
    ShotsVector<BranchPoint> branch_points{};  // those that no merger has undone
    double merging_loss = 0;                   // what mergers may have changed of the probability of anything, at most
    double moved = 0;                          // how far they have moved its state from where `path` leads
    double signature = unsigned_state;         // of the state, where it waits for others
    BesideState beside{};                      // what somebody wants of its sweeps

    static constexpr double unsigned_state = -1;
};

}  // namespace ketjet
