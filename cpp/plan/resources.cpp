#include "plan/resources.hpp"

#include <algorithm>

#include "plan/block_shapes.hpp"
#include "plan/cost.hpp"
#include "program/roles.hpp"

namespace ketjet {

namespace {

// A plan with this many random outcomes, or with a loop, is taken to have unboundedly many branches.
constexpr int max_branch_points = 40;
constexpr std::int64_t tree_bytes = std::int64_t{1} << 30;  // for states of trajectories, where that is enough
constexpr std::int64_t min_tree_states = 7;                 // a tree of large states is better off with so many
// Below this predicted time a second thread, and the way of a job to it, cost more than they gain.
constexpr double serial_seconds = 130e-6;

}  // namespace

std::int64_t useful_states(const Plan& plan, std::int64_t shots) {
    if (!plan.has_trajectories()) return 1;
    int branch_points = plan.has_loops() ? max_branch_points : 0;
    for (std::size_t stage = 0; stage < plan.stages.size() && branch_points < max_branch_points; ++stage) {
        if (std::holds_alternative<Branch>(plan.stages[stage])) ++branch_points;
        if (!is_random(plan.stages[stage])) continue;
        const auto operation = std::get<Collapse>(plan.stages[stage]).operation;
        const Roles role = roles(plan.program, plan.program.operations()[operation]);
        branch_points += count_bits(role.local | role.diagonal);
    }
    const std::int64_t by_memory =
        std::max(min_tree_states,
                 tree_bytes / std::max<std::int64_t>(state_bytes(plan.state_qubits, plan.request.precision), 1));
    const std::int64_t by_branching = std::int64_t{1} << std::min(branch_points, max_branch_points);
    return std::min({std::max<std::int64_t>(shots, 1), by_branching, by_memory}) + 1;
}

std::int64_t least_states(const Plan& plan, std::int64_t shots) {
    return plan.has_trajectories() && shots > max_single_shots ? 2 : 1;
}

int useful_threads(const Plan& plan, int available) {
    if (plan.state_qubits <= serial_qubits && !plan.has_trajectories()) return 1;
    return plan_cost(plan, 1).seconds < serial_seconds ? 1 : available;
}

}  // namespace ketjet
