// Where trajectories meet: those in the same state go on as one, in the mean of both. Two states are the same if what
// they have gone through since they branched explains the difference by rounding. They may differ by a little more
// where the classical memory does not tell their shots apart: the mean then gives every later outcome the probability
// that it had, up to the square of the difference. What mergers may have cost in all is bounded, and none is made that
// would make it more than rounding's share. Where states may have to be made again from their paths, and what is drawn
// may not depend on whether they are, the shots of one go on in the state of the other, and all that they are moved by
// counts.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "check/verify.hpp"
#include "shots/trajectory.hpp"

namespace ketjet {

struct MergerRules {
    bool merges = true;
    bool means = false;      // trajectories go on in the mean of their states, else in that of the first one
    bool unites = false;     // groups of shots whose memory is equal, once there are many
    bool exact = false;      // such groups are united always
    bool needs_all = false;  // also what has no state at the moment is compared: what is merged depends on nothing else
    bool phases = false;     // states that differ by a phase are two: records show it
};

// Where states come from and go to.
template <class T>
class StateSource {
 public:
    virtual ~StateSource() = default;
    // Gives a state to a trajectory that has none; there is room for two of them.
    virtual void revive(Trajectory<T>& trajectory) = 0;
    virtual void give_back(std::unique_ptr<StateVector<T>> state) = 0;
};

template <class T>
class Merger {
 public:
    // The verifier may be null.
    Merger(const Plan& plan, const MergerRules& rules, Verifier* verifier)
        : plan_(plan), rules_(rules), verifier_(verifier) {}

    // Whether trajectories should wait for each other after every random collapse.
    bool meet_at_collapses() const { return rules_.merges && rules_.means && pays(collapses_); }
    // Whether it is worth while to compare trajectories that wait at this place.
    bool meet_at(std::uint32_t stage, std::uint32_t collapses_done) const;

    // Merges those that wait at one place in the same state; what has a state has a signature.
    void merge(ShotsVector<Trajectory<T>>& batch, StateSource<T>& states, const RunContext& context);

 private:
    // How many trajectories have met at a place, and how many of them were merged.
    struct Meetings {
        double met = 0;
        double merged = 0;
    };
    bool pays(const Meetings& meetings) const;
    bool merge_into(Trajectory<T>& into, Trajectory<T>& one, StateSource<T>& states, const RunContext& context);
    bool merge_states(Trajectory<T>& into, Trajectory<T>& one, const RunContext& context);

    const Plan& plan_;
    MergerRules rules_;
    Verifier* verifier_;
    std::map<std::uint32_t, Meetings> joins_;  // by stage
    Meetings collapses_;
};

}  // namespace ketjet
