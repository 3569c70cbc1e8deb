#include "run/common_state.hpp"

#include <algorithm>
#include <cmath>
#include <new>
#include <utility>
#include <variant>

#include "exec/executor.hpp"
#include "exec/stage_sweeps.hpp"
#include "plan/cost.hpp"

namespace ketjet {

namespace {

Index active_behind(const Plan& plan, std::size_t sweeps) {
    return std::get<Sweep>(plan.stages[sweeps - 1]).active_after();
}

// Whether so many sweeps are predicted to take clearly longer than copying what they leave.
bool pays(const Plan& plan, std::size_t sweeps, int threads) {
    if (sweeps == 0) return false;
    double seconds = 0;
    for (std::size_t stage = 0; stage < sweeps; ++stage) {
        seconds += stage_cost(plan, plan.stages[stage], threads).seconds;
    }
    const double amplitudes = std::ldexp(1.0, count_bits(active_behind(plan, sweeps)));
    const double copying_ns = time_scale(plan.request.precision) * 2 * gather_ns * amplitudes / threads;
    return seconds > 2e-9 * copying_ns;
}

}  // namespace

template <class T>
std::unique_ptr<const CommonState<T>> make_common_state(const BoundPlan& bound, std::size_t stages,
                                                        SweepReadings* readings, const RunContext& context) {
    const Plan& plan = *bound.plan;
    stages = std::min(stages, plan.stages.size() - 1);
    if (!pays(plan, stages, context.threads)) return nullptr;
    try {
        StateVector<T> state(plan.num_qubits, plan.state_qubits);
        const StageSweeps<T> none_kept(bound, kernels_of<T>(context.kernels));
        run_sweeps(bound, {0, stages}, none_kept, state, {nullptr, readings}, context);
        state.set_active(active_behind(plan, stages));
        std::vector<ExactSum> sums;
        if (readings != nullptr) sums.assign(readings->sums().begin(), readings->sums().end());
        return std::make_unique<const CommonState<T>>(stages, std::move(state), std::move(sums));
    } catch (const std::bad_alloc&) {
        return nullptr;
    }
}

#define KETJET_INSTANTIATE(T)                                                                                          \
    template std::unique_ptr<const CommonState<T>> make_common_state<T>(const BoundPlan&, std::size_t, SweepReadings*, \
                                                                        const RunContext&);
KETJET_INSTANTIATE(float)
KETJET_INSTANTIATE(double)
#undef KETJET_INSTANTIATE

}  // namespace ketjet
