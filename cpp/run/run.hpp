// A whole run: Program + Plan -> outcomes. Straight-line programs are executed once and sampled; the shots of programs
// with collapses in the middle or with control flow run as a tree of trajectories.
#pragma once

#include <algorithm>
#include <cmath>
#include <memory>
#include <vector>

#include "check/verify.hpp"
#include "exec/pass_times.hpp"
#include "exec/sweep_norms.hpp"
#include "plan/cost.hpp"
#include "plan/plan.hpp"
#include "readout/outcomes.hpp"
#include "readout/run_request.hpp"
#include "shots/save.hpp"

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
    double sample_seconds = 0;
    VerifyReport verification{};
    std::vector<double> stage_seconds;  // per stage of the plan, summed over shots
    std::vector<PassTimes> pass_times;  // likewise, if asked for

    // A state with this squared norm has been measured.
    void note_norm(double squared_norm) { norm_error = std::max(norm_error, std::abs(squared_norm - 1)); }
};

template <class T>
RunResult<T> run(const BoundPlan& bound, const RunRequest& request, const RunContext& context);

// Runs every stage on a state as one shot. `norms`, unless it is null, receives the squared norms of what is left.
// Returns the shot's classical memory.
template <class T>
std::vector<std::uint64_t> run_stages(const BoundPlan& bound, StateVector<T>& state, const PhiloxKey& key,
                                      SweepNorms* norms, const RunContext& context);

// Applies a program to a given state as one shot, by a plan that is made for the qubits of it that are still |0>; those
// that stay so are not written. What it holds after an exception is unspecified. Returns its classical memory.
template <class T>
std::vector<std::uint64_t> evolve(const Program& program, const Machine& machine, StateVector<T>& state,
                                  const PhiloxKey& key, Verify verify, const RunContext& context);

}  // namespace ketjet
