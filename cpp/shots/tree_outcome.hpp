// What a tree of trajectories gives: the classical memory at its ends, with the weight of the shots that ended so.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "base/stop_token.hpp"
#include "readout/outcomes.hpp"
#include "readout/readout.hpp"

namespace ketjet {

struct TreeOutcome {
    WeightTable rows;  // with all words of the memory, of which several may be equal
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

}  // namespace ketjet
