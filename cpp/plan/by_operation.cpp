#include "plan/by_operation.hpp"

#include <algorithm>
#include <cstdint>

namespace ketjet {

namespace {

// Of a second-level cache, in states of double precision: so many for a vector of points, in a quarter of it.
constexpr std::int64_t cached_states = 8 * 4;

}  // namespace

bool runs_by_operation(const Plan& plan) {
    if (plan.num_qubits < 1 || plan.num_qubits > max_batch_qubits || plan.has_trajectories()) return false;
    if (plan.global_qubits > 0) return false;
    const auto state = static_cast<std::int64_t>(bit(plan.num_qubits) * sizeof(Complex));
    const auto collapses = [](const Stage& stage) { return std::holds_alternative<Collapse>(stage); };
    return cached_states * state <= plan.machine.l2_bytes && std::ranges::none_of(plan.stages, collapses);
}

}  // namespace ketjet
