// Stages are taken as the cost model predicts them.
#include "exec/expected_work.hpp"

#include <algorithm>
#include <cmath>

#include "plan/cost.hpp"

namespace ketjet {

std::int64_t nanoseconds(double seconds) { return static_cast<std::int64_t>(std::min(1e9 * seconds, 1e15)); }

bool counts_reading(const Plan& plan, std::size_t strings) {
    constexpr double min_amplitudes = 1 << 26;  // times strings: fewer take less than a millisecond
    return std::ldexp(static_cast<double>(strings), plan.state_qubits) >= min_amplitudes;
}

std::vector<std::int64_t> stage_work(const Plan& plan, int threads) {
    std::vector<std::int64_t> work;
    for (const Stage& stage : plan.stages) {
        const bool saves = std::holds_alternative<Save>(stage);
        work.push_back(
            nanoseconds(saves ? sampling_cost(plan, 0, threads).drawing : run_cost(plan, stage, threads).seconds));
    }
    return work;
}

std::int64_t sampling_work(const Plan& plan, std::int64_t shots, bool list_shots, int threads) {
    const SamplingCost cost = sampling_cost(plan, shots, threads);
    return nanoseconds(cost.drawing) + nanoseconds(cost.tabulating) + (list_shots ? nanoseconds(cost.listing) : 0);
}

}  // namespace ketjet
