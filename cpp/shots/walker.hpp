// Walks trajectories through the stages of one plan. At a random collapse, or where classical code sends its shots
// different ways, a trajectory branches into two: one goes on, the other is handed over.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <stdexcept>

#include "exec/run_context.hpp"
#include "exec/stage_sweeps.hpp"
#include "plan/plan.hpp"
#include "readout/run_request.hpp"
#include "shots/norm_drift.hpp"
#include "shots/save.hpp"
#include "shots/trajectory.hpp"

namespace ketjet {

// A loop has run more often than it may.
struct IterationLimitReached : std::runtime_error {
    explicit IterationLimitReached(std::int64_t limit);
};

// Receives the trajectories that branch off from one that goes on.
template <class T>
class BranchSink {
 public:
    virtual ~BranchSink() = default;
    // A state for one of them, with the contents of the given one; null if there is no room.
    virtual std::unique_ptr<StateVector<T>> copy_of(const StateVector<T>& state, const RunContext& context) = 0;
    // Whether the two may meet again.
    virtual bool may_meet_again() const { return false; }
    // Receives it, after its first step apart.
    virtual void take(Trajectory<T> branch) = 0;
};

// For a shot by itself, which never branches.
template <class T>
struct NoBranching : BranchSink<T> {
    std::unique_ptr<StateVector<T>> copy_of(const StateVector<T>&, const RunContext&) override { return nullptr; }
    void take(Trajectory<T>) override {}
};

// May be used by several threads at the same time.
template <class T>
class Walker {
 public:
    // What is saved is put into `saves`.
    Walker(const BoundPlan& bound, const RunRequest& request, const Kernels& kernels, SaveStore& saves);

    const BoundPlan& bound_plan() const { return bound_; }
    const RunRequest& request() const { return request_; }

    // Goes on past the next Join, or if wanted the next random collapse, or to the end of the plan; false at the end.
    bool advance(Trajectory<T>& trajectory, BranchSink<T>& branches, bool stops_at_collapses,
                 const RunContext& context) const;

    // Gives a state to a trajectory that has none, by following its path from where `origin` is, whose state is used
    // up.
    void replay(Trajectory<T>& trajectory, Trajectory<T> origin, const RunContext& context) const;

    // Runs one shot that collapses in the given ways, from |0...0> to the end of the plan, and keeps what is saved of
    // one shot only.
    void retrace(Trajectory<T>& trajectory, const Ways& ways, const RunContext& context) const;

    // Whether the state is that of every shot.
    bool holds_all_shots(const Trajectory<T>& trajectory, const Weight& weight) const {
        return trajectory.merging_loss == 0 && weight == request_.weight();
    }

    // Whether something was to be saved of one shot only where not all shots were in the same state.
    bool owes_saves() const { return owes_saves_.load(); }

    // The probability that exact division has dropped so far.
    double dropped() const { return dropped_.load(); }

    // The largest |sum of probabilities - 1| of the states in which a qubit was measured so far.
    double norm_error() const { return drift_.largest(); }

 private:
    struct DrawOutcomes;  // draws outcomes, and branches
    struct ReplayPath;    // follows a path
    struct ReplayShot;    // follows the ways of one shot
    // Goes on by one step; all ranks take it together, or none ends with it.
    template <class Course>
    void step(Trajectory<T>& trajectory, Course& course, const RunContext& context) const;
    template <class Course>
    void take_step(Trajectory<T>& trajectory, Course& course, const RunContext& context) const;
    template <class Course>
    void collapse(Trajectory<T>& trajectory, const Collapse& stage, Course& course, const RunContext& context) const;
    template <class Course>
    void collapse_qubit(Trajectory<T>& trajectory, const Collapse& stage, int qubit, std::int32_t clbit,
                        bool value_of_one, Course& course, const RunContext& context) const;
    void jump(Trajectory<T>& trajectory, std::uint32_t target) const;
    // The global phases of the circuit in these sweeps.
    double phase_of(StageRange sweeps) const;

    const BoundPlan& bound_;
    const Program& program_;
    const Plan& plan_;
    const RunRequest& request_;
    StageSweeps<T> sweeps_;
    SaveStore& saves_;
    bool initializes_all_;
    mutable std::atomic<double> dropped_{0};
    mutable NormDrift drift_;
    mutable std::atomic<std::uint64_t> branch_points_{0};
    mutable std::atomic<bool> owes_saves_{false};
};

}  // namespace ketjet
