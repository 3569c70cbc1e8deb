#include "run/final_state.hpp"

#include <atomic>
#include <utility>

#include "exec/expected_work.hpp"
#include "exec/stage_clock.hpp"
#include "exec/state_norms.hpp"
#include "plan/cost.hpp"
#include "readout/outcomes.hpp"
#include "readout/sampler.hpp"

namespace ketjet {

bool draws(const Plan& plan, const RunRequest& request) {
    return request.shots > 0 && !plan.final_measurements.empty();
}

template <class T>
void sample_final_state(const Plan& plan, const StateVector<T>& state, SweepNorms& swept, const RunRequest& request,
                        const BitMover& final_bits, RunResult<T>& result, const RunContext& context) {
    const StageClock::Time start = StageClock::now();
    const SamplingCost cost = sampling_cost(plan, request.shots, context.threads);
    OutcomesVector<BasisCount> samples;
    if (draws(plan, request)) {
        const StateNorms norms = swept.are_known() ? swept.take() : norms_of(state, context);
        result.note_norm(norms.total());
        samples = sample(state, norms, request.shots, request.key, nanoseconds(cost.drawing), context);
    } else {
        result.note_norm(swept.are_known() ? swept.total() : norms_of(state, context).total());
        samples.push_back({0, request.shots});
    }
    tabulate_shots(plan, samples, request, final_bits, result, context);
    result.sample_seconds = StageClock::seconds_since(start);
}

template <class T>
void tabulate_shots(const Plan& plan, const OutcomesVector<BasisCount>& samples, const RunRequest& request,
                    const BitMover& final_bits, RunResult<T>& result, const RunContext& context) {
    if (request.shots == 0) return;
    const SamplingCost cost = sampling_cost(plan, request.shots, context.threads);
    result.table = tabulate(samples, final_bits, plan.program.num_clbits(), nanoseconds(cost.tabulating), context.stop);
    if (request.list_shots) {
        result.shots = list_shots(result.table, request.key, nanoseconds(cost.listing), context.stop);
    }
    context.stop.counters().shots_done.fetch_add(request.shots, std::memory_order_relaxed);
}

#define KETJET_INSTANTIATE(T)                                                                               \
    template void tabulate_shots<T>(const Plan&, const OutcomesVector<BasisCount>&, const RunRequest&,      \
                                    const BitMover&, RunResult<T>&, const RunContext&);                     \
    template void sample_final_state<T>(const Plan&, const StateVector<T>&, SweepNorms&, const RunRequest&, \
                                        const BitMover&, RunResult<T>&, const RunContext&);
KETJET_INSTANTIATE(float)
KETJET_INSTANTIATE(double)
#undef KETJET_INSTANTIATE

}  // namespace ketjet
