#include "run/shared_run.hpp"

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "exec/agree.hpp"
#include "exec/peers.hpp"
#include "exec/stage_clock.hpp"
#include "exec/state_norms.hpp"
#include "exec/sweep_norms.hpp"
#include "readout/expectations.hpp"
#include "readout/shared_readings.hpp"
#include "readout/shared_sampler.hpp"
#include "run/final_state.hpp"
#include "shots/run_stages.hpp"

namespace ketjet {

namespace {

void require_possible(const Plan& plan, const RunRequest& request, const RunContext& context) {
    const int ranks = 1 << plan.global_qubits;
    const int found = context.peers == nullptr ? 1 : context.peers->size();
    if (found != ranks) {
        throw std::invalid_argument("the plan is for " + std::to_string(ranks) + " ranks, but there are " +
                                    std::to_string(found));
    }
    if (!std::ranges::all_of(request.readouts, is_of_observables)) {
        throw std::invalid_argument("ranks read expectation values of a state, and nothing else");
    }
    if (request.exact || request.verify != Verify::off)
        throw std::invalid_argument("ranks run no exact or checked runs");
}

// Each rank draws the shots that fall into its share.
template <class T>
void sample_where_it_is(const Plan& plan, const StateVector<T>& share, SweepNorms& norms, const RunRequest& request,
                        const BitMover& final_bits, RunResult<T>& result, const RunContext& context) {
    const StageClock::Time start = StageClock::now();
    const bool draws_shots = draws(plan, request);
    StateNorms known;
    in_agreement(context, [&] { known = norms.are_known() && draws_shots ? norms.take() : norms_of(share, context); });
    SharedSamples drawn{{}, shared_norm(known.total(), context)};
    if (draws_shots) drawn = sample_shared(share, known, plan.places, request.shots, request.key, context);
    if (context.peers->rank() > 0) return;
    result.note_norm(drawn.norm);
    if (!draws_shots) drawn.samples.push_back({0, request.shots});
    tabulate_shots(plan, drawn.samples, request, final_bits, result, context);
    result.sample_seconds = StageClock::seconds_since(start);
}

template <class T>
void read_observables(const Plan& plan, StateVector<T>& share, const RunRequest& request, RunResult<T>& result,
                      const RunContext& context) {
    const StageClock::Time start = StageClock::now();
    std::vector<std::int32_t> places = plan.places;
    for (const Readout& readout : request.readouts) {
        const auto& wanted = std::get<ObservablesReadout>(readout);
        check_support(*wanted.observables, plan.num_qubits);
        result.readouts.push_back(wanted.of_values(shared_expectations(*wanted.observables, share, places, context)));
    }
    result.reading_seconds = StageClock::seconds_since(start);
}

}  // namespace

template <class T>
RunResult<T> run_shared(const BoundPlan& bound, const RunRequest& request, const BitMover& final_bits,
                        StageProgress& progress, const RunContext& context) {
    const Plan& plan = *bound.plan;
    require_possible(plan, request, context);
    RunResult<T> result;
    const bool draws_shots = draws(plan, request);
    SweepNorms norms(draws_shots ? SweepNorms::Wanted::rows : SweepNorms::Wanted::total, plan.local_qubits());
    std::unique_ptr<StateVector<T>> share;
    in_agreement(context, [&] {
        context.stop.throw_if_stopped();
        const Index rank = static_cast<Index>(context.peers->rank());
        share = std::make_unique<StateVector<T>>(
            StateVector<T>::share(plan.local_qubits(), plan.state_qubits, rank << plan.local_qubits()));
        progress.watch_first_touch(plan, *share);
    });
    run_stages(bound, *share, request.key, {&norms, nullptr}, context);
    const bool is_first = context.peers->rank() == 0;
    if (request.keep_state || (draws_shots && !samples_shares(plan.places, plan.local_qubits()))) {
        std::unique_ptr<StateVector<T>> whole = gather_state(*share, plan.places, context);
        if (is_first) {
            SweepNorms unknown(SweepNorms::Wanted::total, plan.state_qubits);
            sample_final_state(plan, *whole, unknown, request, final_bits, result, context);
            if (request.keep_state) result.state = std::move(whole);
        }
    } else {
        sample_where_it_is(plan, *share, norms, request, final_bits, result, context);
    }
    if (!request.readouts.empty()) read_observables(plan, *share, request, result, context);
    return result;
}

#define KETJET_INSTANTIATE(T)                                                                                 \
    template RunResult<T> run_shared<T>(const BoundPlan&, const RunRequest&, const BitMover&, StageProgress&, \
                                        const RunContext&);
KETJET_INSTANTIATE(float)
KETJET_INSTANTIATE(double)
#undef KETJET_INSTANTIATE

}  // namespace ketjet
