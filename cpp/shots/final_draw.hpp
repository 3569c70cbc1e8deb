// The end of a trajectory: the measurements that were left to the final state are drawn for its shots, or listed with
// their probabilities.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "exec/run_context.hpp"
#include "readout/sampler.hpp"
#include "shots/shots.hpp"
#include "state/state_vector.hpp"

namespace ketjet {

// Classical memory at the end, with the weight of the shots that ended so; the same memory may stand there repeatedly.
struct TreeOutcome {
    WeightTable rows;  // with all words of the memory
    ReadoutSums readouts{};
    double norm_error = 0;             // the largest |sum of probabilities - 1| of a state that was drawn from
    double dropped = 0;                // exact: the probability of what fell below the floor
    std::size_t rows_after_merge = 0;  // number of rows after equal ones were last put together

    void add(TreeOutcome other, int words, const StopToken& stop);
    // A state with this squared norm has been drawn from.
    void note_norm(double squared_norm) { norm_error = std::max(norm_error, std::abs(squared_norm - 1)); }
    // Puts rows with equal memory of so many words together, if there are many new ones.
    void shorten(int words, const StopToken& stop);
};

// Adds what becomes of `shots` when the final measurements of the plan read `state`.
template <class T>
void draw_final(const Plan& plan, const StateVector<T>& state, const Shots& shots, const RunRequest& request,
                TreeOutcome& outcome, const RunContext& context);

}  // namespace ketjet
