// Whoever wants to know of the stages of a run while they are run: clocks, progress, the self-check.
#pragma once

#include <cstddef>
#include <span>

#include "base/parallel.hpp"
#include "base/stop_token.hpp"
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

    // Whether it inspects the state that a stage leaves; then all members of a team call that together.
    virtual bool inspects() const { return false; }
    virtual void inspect(std::size_t /*stage*/, const StateVector<float>&, const StopToken&, Team&) {}
    virtual void inspect(std::size_t /*stage*/, const StateVector<double>&, const StopToken&, Team&) {}
};

// Several of them.
class StageObservers {
 public:
    StageObservers() = default;
    explicit StageObservers(std::span<StageObserver* const> list) : list_(list) {
        for (const StageObserver* observer : list) inspects_ = inspects_ || observer->inspects();
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
};

}  // namespace ketjet
