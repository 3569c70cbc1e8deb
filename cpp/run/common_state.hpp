// The state that all points of a sweep go through: the stages before it are run once.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "base/exact_sum.hpp"
#include "exec/run_context.hpp"
#include "exec/sweep_readings.hpp"
#include "plan/plan.hpp"
#include "state/state_vector.hpp"

namespace ketjet {

template <class T>
struct CommonState {
    std::size_t stages;          // before it
    StateVector<T> state;        // as far as it is active
    std::vector<ExactSum> sums;  // of the strings that those stages read
};

// Runs so many stages of a plan, or fewer; all of them are sweeps and none is the last one. `bound` has the slots of
// one of the points. The readings, if there are any, are to begin anew afterwards. Null where copying the state would
// take as long, or there is no memory for it.
template <class T>
std::unique_ptr<const CommonState<T>> make_common_state(const BoundPlan& bound, std::size_t stages,
                                                        SweepReadings* readings, const RunContext& context);

}  // namespace ketjet
