// Observers of a run are told of its stages while these are run: clocks, progress, the self-check.
#pragma once

#include <cstddef>
#include <span>

#include "base/parallel.hpp"
#include "base/stop_token.hpp"
#include "exec/pass_times.hpp"
#include "state/state_vector.hpp"

namespace ketjet {

class StageObserver {
 public:
    virtual ~StageObserver() = default;

    // A stage begins. The thread that leads its team calls this, and `end`.
    virtual void begin(std::size_t /*stage*/) {}
    // So many of its blocks are done. Every member of the team calls this, after each block.
    virtual void advance(std::size_t /*stage*/, std::size_t /*done*/, std::size_t /*blocks*/, bool /*leads*/) {}
    // All blocks are done, one of which a stage has that is no sweep.
    virtual void end(std::size_t /*stage*/, std::size_t /*blocks*/, double /*seconds*/) {}

    // Whether it wants to know how long passes take; then each member of a team tells what it has spent on a sweep.
    virtual bool times_passes() const { return false; }
    virtual void add_times(std::size_t /*stage*/, const PassTimes&) {}

    // Whether it inspects the state that a stage leaves; then all members of a team call that together.
    virtual bool inspects() const { return false; }
    virtual void inspect(std::size_t /*stage*/, const StateVector<float>&, const StopToken&, Team&) {}
    virtual void inspect(std::size_t /*stage*/, const StateVector<double>&, const StopToken&, Team&) {}
};

// All observers of a run.
class StageObservers {
 public:
    StageObservers() = default;
    explicit StageObservers(std::span<StageObserver* const> list) : list_(list) {
        for (const StageObserver* observer : list) {
            inspects_ = inspects_ || observer->inspects();
            times_passes_ = times_passes_ || observer->times_passes();
        }
    }

    void begin(std::size_t stage) const {
        for (StageObserver* observer : list_) observer->begin(stage);
    }
    void advance(std::size_t stage, std::size_t done, std::size_t blocks, bool leads) const {
        for (StageObserver* observer : list_) observer->advance(stage, done, blocks, leads);
    }
    void end(std::size_t stage, std::size_t blocks, double seconds) const {
        for (StageObserver* observer : list_) observer->end(stage, blocks, seconds);
    }
    bool time_passes() const { return times_passes_; }
    void add_times(std::size_t stage, const PassTimes& times) const {
        for (StageObserver* observer : list_) observer->add_times(stage, times);
    }
    bool inspect_states() const { return inspects_; }
    template <class T>
    void inspect(std::size_t stage, const StateVector<T>& state, const StopToken& stop, Team& team) const {
        for (StageObserver* observer : list_) {
            if (observer->inspects()) observer->inspect(stage, state, stop, team);
        }
    }
    std::span<StageObserver* const> list() const { return list_; }

 private:
    std::span<StageObserver* const> list_;
    bool inspects_ = false;
    bool times_passes_ = false;
};

}  // namespace ketjet
