// The sweeps of a plan, kept as they were emitted: all that is left of a further run with the same angles is to gather
// blocks, to call kernels and to scatter, on the calling thread. For states in the caches.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/stop_token.hpp"
#include "exec/block_runner.hpp"
#include "plan/plan.hpp"
#include "state/state_vector.hpp"

namespace ketjet {

// One at a time may use it.
template <class T>
class ReadySweeps {
 public:
    // Of a plan that goes straight through.
    ReadySweeps(std::shared_ptr<const Plan> plan, const KernelTable& kernels);

    // Whether a plan has no stages but sweeps and extensions.
    static bool goes_straight_through(const Plan& plan);

    const Plan& plan() const { return *plan_; }
    const KernelTable& kernels() const { return kernels_; }
    // Whether they have been emitted with these angles.
    bool have(std::span<const double> slots) const;
    std::size_t bytes() const;

    // Applies them, with these angles, to a state of which just so much is known as the plan was made for. Returns how
    // many bytes were moved.
    std::int64_t run(std::span<const double> slots, StateVector<T>& state);

 private:
    void emit(std::span<const double> slots);

    std::shared_ptr<const Plan> plan_;
    const KernelTable& kernels_;
    Program program_;                 // the plan's, with the angles that the sweeps have
    std::vector<BoundSweep> sweeps_;  // by stage; none before the first run
    RunCounters never_stopped_;
    RunContext context_;
    BlockRunner<T> runner_;
};

}  // namespace ketjet
