// Stages are taken as the cost model predicts them.
#include "exec/expected_work.hpp"

#include <algorithm>

#include "plan/cost.hpp"

namespace ketjet {

std::int64_t nanoseconds(double seconds) { return static_cast<std::int64_t>(std::min(1e9 * seconds, 1e15)); }

std::vector<std::int64_t> stage_work(const Plan& plan, int threads) {
    std::vector<std::int64_t> work;
    for (const Stage& stage : plan.stages) {
        const bool saves = std::holds_alternative<Save>(stage);
        work.push_back(
            nanoseconds(saves ? sampling_cost(plan, 0, threads).drawing : stage_cost(plan, stage, threads).seconds));
    }
    return work;
}

std::int64_t sampling_work(const Plan& plan, std::int64_t shots, bool list_shots, int threads) {
    const SamplingCost cost = sampling_cost(plan, shots, threads);
    return nanoseconds(cost.drawing) + nanoseconds(cost.tabulating) + (list_shots ? nanoseconds(cost.listing) : 0);
}

}  // namespace ketjet
