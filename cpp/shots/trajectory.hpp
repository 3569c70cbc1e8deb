// A trajectory: one state, the shots that are in it, and where in the plan they are. Follows a plan stage by stage; at
// a random collapse, or where classical code sends its shots different ways, it parts in two.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <stdexcept>
#include <vector>

#include "exec/collapse.hpp"
#include "exec/stage_sweeps.hpp"
#include "exec/sweep_norms.hpp"
#include "plan/plan.hpp"
#include "shots/norm_drift.hpp"
#include "shots/save.hpp"
#include "shots/shots.hpp"

namespace ketjet {

// Where two trajectories have gone different ways that may meet again.
struct BranchPoint {
    std::uint64_t number;
    double operations;  // before it
};

template <class T>
struct Trajectory {
    std::unique_ptr<StateVector<T>> state;  // null where there was no room for one: `path` tells how to make it again
    Shots shots;
    std::uint32_t stage = 0;
    std::uint32_t part = 0;    // of a stage with several collapses: how many are done
    std::uint64_t steps = 0;   // taken since the beginning
    ShotsVector<bool> path{};  // which way it went wherever it could have parted
    std::int64_t jumps_back = 0;
    double phase = 0;       // of the circuit's global phases so far, as far as an initialisation of all qubits needs it
    double operations = 0;  // carried out on the state since the beginning
    ShotsVector<BranchPoint> partings{};  // those that no merger has undone
    double merging_loss = 0;              // what mergers may have changed of the probability of anything, at most
    double moved = 0;                     // how far they have moved its state from where `path` leads
    double signature = unsigned_state;    // of the state, where it waits for others
    SweepNorms* norms = nullptr;          // of the state, as its last sweep leaves it, where somebody wants them

    static constexpr double unsigned_state = -1;
};

// A loop has run more often than it may.
struct IterationLimitReached : std::runtime_error {
    explicit IterationLimitReached(std::int64_t limit);
};

// What is to become of a trajectory that parts from another.
template <class T>
class Fork {
 public:
    virtual ~Fork() = default;
    // A state for it, with the contents of the given one; null if there is no room.
    virtual std::unique_ptr<StateVector<T>> copy_of(const StateVector<T>& state, const RunContext& context) = 0;
    // Whether the two may meet again.
    virtual bool may_meet_again() const { return false; }
    // Takes it, after its first step apart.
    virtual void take(Trajectory<T> parted) = 0;
};

// Whether the program initialises so many qubits at once.
bool initializes_all(const Program& program, int num_qubits);

// For one shot by itself, which never parts.
template <class T>
struct NoBranching : Fork<T> {
    std::unique_ptr<StateVector<T>> copy_of(const StateVector<T>&, const RunContext&) override { return nullptr; }
    void take(Trajectory<T>) override {}
};

// Walks trajectories through the stages of one plan; may be used by several threads at once.
template <class T>
class Walker {
 public:
    // What is saved is put into `saves`.
    Walker(const BoundPlan& bound, const RunRequest& request, const Kernels& kernels, SaveStore& saves)
        : bound_(bound),
          program_(bound.program),
          plan_(*bound.plan),
          request_(request),
          sweeps_(bound, kernels),
          saves_(saves),
          initializes_all_(initializes_all(program_, plan_.num_qubits)) {}

    const BoundPlan& bound_plan() const { return bound_; }
    const RunRequest& request() const { return request_; }

    // Goes on past the next Join, or if wanted the next random collapse, or to the end of the plan; false at the end.
    bool advance(Trajectory<T>& trajectory, Fork<T>& fork, bool stops_at_collapses, const RunContext& context) const;

    // Gives a state to a trajectory that has none, by going its way from where `origin` is, whose state is used up.
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

    // The largest |sum of probabilities - 1| of a state that a qubit of was measured so far.
    double norm_error() const { return drift_.largest(); }

 private:
    struct DrawOutcomes;  // draws outcomes, and parts
    struct ReplayPath;    // follows a path
    struct ReplayShot;    // follows the ways of one shot
    template <class Course>
    void step(Trajectory<T>& trajectory, Course& course, const RunContext& context) const;
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
    mutable std::atomic<std::uint64_t> partings_{0};
    mutable std::atomic<bool> owes_saves_{false};
};

}  // namespace ketjet
