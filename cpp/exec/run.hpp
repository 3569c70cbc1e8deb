// A whole run: Program + Plan -> outcomes. Straight-line programs are executed once and sampled; programs with
// collapses in the middle run shot by shot from the state after their common beginning (trajectories).
#pragma once

#include <memory>

#include "exec/sampler.hpp"
#include "exec/verify.hpp"
#include "plan/plan.hpp"

namespace ketjet {

struct RunRequest {
    std::int64_t shots = 0;   // 0: only the final state is wanted
    PhiloxKey key{};          // of this seed and program
    bool list_shots = false;  // also the outcome of every shot, in order
    bool keep_state = false;  // hand back the final state (of the last shot, in trajectories)
    Verify verify = Verify::off;
};

template <class T>
struct RunResult {
    OutcomeTable table;
    std::vector<std::uint64_t> shots;       // words per shot, if asked for
    std::unique_ptr<StateVector<T>> state;  // if asked for
    double norm_error = 0;                  // |sum of probabilities - 1|; 0 for trajectories
    double sample_seconds = 0;
    VerifyReport verification{};
    std::vector<double> stage_seconds;  // per stage of the plan, summed over shots
};

// `program` gives the slot values; it has the structure that the plan was made for.
template <class T>
RunResult<T> run(const Program& program, const Plan& plan, const RunRequest& request, const RunContext& context);

// How many states a run holds at once.
int states_held(const Plan& plan, std::int64_t shots, int threads);

// Runs every stage on a given state, drawing collapses with (key, shot): what StateVector.evolve does.
template <class T>
void run_stages(const Program& program, std::span<const Stage> stages, StateVector<T>& state, const PhiloxKey& key,
                std::uint64_t shot, std::vector<std::uint64_t>* clbits, const RunContext& context);

}  // namespace ketjet
