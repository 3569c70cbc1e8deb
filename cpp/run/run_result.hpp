// What a run gives.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/charged.hpp"
#include "check/verify.hpp"
#include "exec/pass_times.hpp"
#include "readout/outcomes.hpp"
#include "shots/save.hpp"
#include "state/state_vector.hpp"

namespace ketjet {

template <class T>
struct RunResult {
    OutcomeTable table;
    OutcomesVector<double> probabilities;       // exact: of the keys of the table, which has no counts then
    double dropped = 0;                         // exact: the probability of outcomes that are not in the table, at most
    std::vector<SavesVector<double>> readouts;  // for each that was asked for
    std::int64_t trajectories = 0;              // of a tree: those that reached the end
    OutcomesVector<std::uint64_t> shots;        // words per shot, if asked for
    SavesVector<SavedRecord> saves;
    int chain_words = 0;                    // variable words that save operations note their records in
    OutcomesVector<std::uint64_t> chains;   // so many for each shot of `shots`, which is listed then
    std::unique_ptr<StateVector<T>> state;  // if asked for
    double norm_error = 0;                  // the largest |sum of probabilities - 1| of a state that was measured
    double reading_seconds = 0;             // for what no sweep has read of the final state
    double sample_seconds = 0;
    VerifyReport verification{};
    std::vector<double> stage_seconds;  // per stage of the plan, summed over shots
    std::vector<PassTimes> pass_times;  // likewise, if asked for

    // A state with this squared norm has been measured.
    void note_norm(double squared_norm) { norm_error = std::max(norm_error, std::abs(squared_norm - 1)); }
};

}  // namespace ketjet
