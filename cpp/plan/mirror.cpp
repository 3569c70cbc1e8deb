#include "plan/mirror.hpp"

#include <algorithm>
#include <functional>
#include <ranges>
#include <utility>

#include "plan/arrange.hpp"
#include "plan/plan_cache.hpp"

namespace ketjet {

namespace {

// Whether the operation has slots that expectation values depend on.
bool has_slots(const Operation& operation) {
    const GateFacts* const gate = gate_row_of(operation);
    return gate != nullptr ? gate->parameters > 0 : std::holds_alternative<PauliRotationOperation>(operation);
}

[[noreturn]] void refuse(const Program& program, std::uint32_t operation, const std::string& fault) {
    const std::string name(name_of(program.operations()[operation]));
    throw NotDifferentiable(operation, "operation " + std::to_string(operation) + " (" + name + ") " + fault);
}

// What prepares a state may come before all slots, but it draws nothing then.
void check_operations(const Plan& plan) {
    const Program& program = plan.original;
    bool slots = false;
    for (std::uint32_t i = 0; i < program.operations().size(); ++i) {
        const Operation& operation = program.operations()[i];
        const bool prepares =
            std::holds_alternative<ResetOperation>(operation) || std::holds_alternative<InitializeOperation>(operation);
        if (!is_unitary(operation) && !prepares) refuse(program, i, "has no derivative");
        if (prepares && slots) refuse(program, i, "comes after a parameter and cannot be undone");
        slots = slots || has_slots(operation);
    }
    for (const Stage& stage : plan.stages) {
        if (is_random(stage)) refuse(program, std::get<Collapse>(stage).origin, "has a random outcome");
    }
}

Sweep mirrored(const Sweep& sweep, std::span<const OperationFacts> facts, const PlanOptions& options) {
    if (sweep.folded >= 0) throw std::logic_error("a folded sweep has no mirror");
    Sweep back{sweep.hot, sweep.active, sweep.operations, {}};
    std::ranges::sort(back.operations, std::greater());
    arrange_passes(facts, options, back);
    return back;
}

}  // namespace

Mirror mirror_of(const Plan& plan) {
    check_operations(plan);
    const std::vector<OperationFacts> facts = operation_facts(plan.program);
    Mirror mirror{{}, true};
    for (const Stage& stage : std::views::reverse(plan.stages)) {
        if (std::holds_alternative<Collapse>(stage)) {
            mirror.to_zero = false;
            break;
        }
        if (const auto* const sweep = std::get_if<Sweep>(&stage)) {
            mirror.sweeps.push_back(mirrored(*sweep, facts, plan.request.options));
        }
    }
    return mirror;
}

MirroredPlan mirrored_plan(const Program& program, const Machine& machine, Precision precision, PlanOptions options) {
    Machine of_one = machine;
    of_one.l2_bytes /= 2;
    options.real_blocks = false;
    std::shared_ptr<const Plan> plan = cached_plan(program, of_one, {precision, options});
    Mirror mirror = mirror_of(*plan);
    return {std::move(plan), std::move(mirror)};
}

std::vector<double> mirror_seconds(const MirroredPlan& mirrored, std::size_t states, int threads) {
    std::vector<double> seconds;
    for (const Sweep& sweep : mirrored.mirror.sweeps) {
        seconds.push_back(static_cast<double>(states) * stage_cost(*mirrored.plan, sweep, threads).seconds);
    }
    return seconds;
}

}  // namespace ketjet
