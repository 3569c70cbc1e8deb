#include "run/common_state.hpp"

#include <algorithm>
#include <new>
#include <utility>
#include <variant>

#include "exec/executor.hpp"
#include "exec/stage_sweeps.hpp"
#include "plan/cost.hpp"

namespace ketjet {

template <class T>
std::unique_ptr<const CommonState<T>> make_common_state(const BoundPlan& bound, std::size_t stages,
                                                        SweepReadings* readings, const RunContext& context) {
    const Plan& plan = *bound.plan;
    stages = std::min(stages, plan.stages.size() - 1);
    if (!copying_pays(plan, stages, context.threads)) return nullptr;
    try {
        StateVector<T> state(plan.num_qubits, plan.state_qubits);
        const StageSweeps<T> none_kept(bound, kernels_of<T>(context.kernels));
        run_sweeps(bound, {0, stages}, none_kept, state, {nullptr, readings}, context);
        state.set_active(std::get<Sweep>(plan.stages[stages - 1]).active_after());
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
