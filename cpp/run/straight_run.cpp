#include "run/straight_run.hpp"

#include <algorithm>
#include <memory>
#include <span>
#include <utility>
#include <variant>
#include <vector>

#include "exec/copy_state.hpp"
#include "exec/stage_clock.hpp"
#include "exec/sweep_norms.hpp"
#include "readout/expectations.hpp"
#include "run/final_state.hpp"
#include "shots/run_stages.hpp"

namespace ketjet {

namespace {

// Whether nobody looks at amplitudes after the last sweep, for it reads all that is wanted of them.
bool may_leave_unwritten(const Plan& plan, const RunRequest& request, const SweepReadings& readings) {
    return readings.is_last(plan.stages.size() - 1) && !request.keep_state && request.verify == Verify::off &&
           request.shots == 0 && std::ranges::all_of(request.readouts, is_of_observables);
}

template <class T>
std::vector<SavesVector<double>> read_final_state(const std::vector<Readout>& readouts, const StateVector<T>& state,
                                                  SweepReadings& readings, const RunContext& context) {
    readings.read_rest(state, context);
    std::span<const ExactSum> sums = readings.sums();
    std::vector<SavesVector<double>> found;
    for (const Readout& readout : readouts) {
        if (is_of_observables(readout)) {
            const auto& wanted = std::get<ObservablesReadout>(readout);
            const ObservableSet& observables = *wanted.observables;
            found.push_back(wanted.of_values(expectations(observables, sums.first(observables.strings().size()))));
            sums = sums.subspan(observables.strings().size());
        } else {
            found.push_back(read_state(readout, state, context));
        }
    }
    return found;
}

template <class T>
void go_on_from(const CommonState<T>& common, StateVector<T>& state, SweepReadings* readings, StageProgress& progress,
                const RunContext& context) {
    copy_active(common.state, state, context);
    state.set_all_active();  // as for stages, which know what has been written
    if (readings != nullptr) readings->go_on_from(common.sums);
    for (std::size_t stage = 0; stage < common.stages; ++stage) progress.end(stage, 1, 0);
}

}  // namespace

template <class T>
RunResult<T> run_straight(const BoundPlan& bound, const RunRequest& request, const BitMover& final_bits,
                          SweepReadings* readings, StageProgress& progress, Verifier& verifier,
                          const CommonState<T>* common, const RunContext& context) {
    RunResult<T> result;
    const Plan& plan = *bound.plan;
    SweepNorms norms(draws(plan, request) ? SweepNorms::Wanted::rows : SweepNorms::Wanted::total, plan.state_qubits);
    auto state = std::make_unique<StateVector<T>>(plan.num_qubits, plan.state_qubits);
    progress.watch_first_touch(plan, *state);
    if (readings != nullptr && may_leave_unwritten(plan, request, *readings)) readings->leave_unwritten();
    try {
        if (common != nullptr) go_on_from(*common, *state, readings, progress, context);
        run_stages(bound, *state, request.key, {&norms, readings}, context, common != nullptr ? common->stages : 0);
        verifier.check_state(*state, request.keep_state || request.shots == 0, context);
        if (readings != nullptr) {
            const StageClock::Time start = StageClock::now();
            result.readouts = read_final_state(request.readouts, *state, *readings, context);
            result.reading_seconds = StageClock::seconds_since(start);
        }
        if (readings != nullptr && !readings->writes(plan.stages.size() - 1)) {
            result.note_norm(readings->sums().back().value());
        } else {
            sample_final_state(plan, *state, norms, request, final_bits, result, context);
        }
    } catch (const Cancelled&) {
        state->release();
        throw;
    }
    if (request.keep_state) result.state = std::move(state);
    return result;
}

#define KETJET_INSTANTIATE(T)                                                                                   \
    template RunResult<T> run_straight<T>(const BoundPlan&, const RunRequest&, const BitMover&, SweepReadings*, \
                                          StageProgress&, Verifier&, const CommonState<T>*, const RunContext&);
KETJET_INSTANTIATE(float)
KETJET_INSTANTIATE(double)
#undef KETJET_INSTANTIATE

}  // namespace ketjet
