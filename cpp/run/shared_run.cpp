#include "run/shared_run.hpp"

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include "exec/agree.hpp"
#include "exec/peers.hpp"
#include "exec/stage_clock.hpp"
#include "exec/state_norms.hpp"
#include "exec/sweep_norms.hpp"
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
    if (!request.readouts.empty()) throw std::invalid_argument("ranks read no observables of a state");
    if (request.exact || request.verify != Verify::off)
        throw std::invalid_argument("ranks run no exact or checked runs");
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
        share = std::make_unique<StateVector<T>>(plan.local_qubits(), plan.local_qubits());
        progress.watch_first_touch(plan, *share);
    });
    run_stages(bound, *share, request.key, {&norms, nullptr}, context);
    const bool is_first = context.peers->rank() == 0;
    if (request.keep_state || !samples_shares(plan.places, plan.local_qubits())) {
        std::unique_ptr<StateVector<T>> whole = gather_state(*share, plan.places, context);
        if (!is_first) return result;
        norms.forget();
        sample_final_state(plan, *whole, norms, request, final_bits, result, context);
        if (request.keep_state) result.state = std::move(whole);
        return result;
    }
    const StageClock::Time start = StageClock::now();
    StateNorms known;
    in_agreement(context, [&] { known = norms.are_known() && draws_shots ? norms.take() : norms_of(*share, context); });
    SharedSamples drawn =
        sample_shared(*share, known, plan.places, draws_shots ? request.shots : 0, request.key, context);
    if (!is_first) return result;
    result.note_norm(drawn.norm);
    if (!draws_shots) drawn.samples.push_back({0, request.shots});
    tabulate_shots(plan, drawn.samples, request, final_bits, result, context);
    result.sample_seconds = StageClock::seconds_since(start);
    return result;
}

#define KETJET_INSTANTIATE(T)                                                                                 \
    template RunResult<T> run_shared<T>(const BoundPlan&, const RunRequest&, const BitMover&, StageProgress&, \
                                        const RunContext&);
KETJET_INSTANTIATE(float)
KETJET_INSTANTIATE(double)
#undef KETJET_INSTANTIATE

}  // namespace ketjet
