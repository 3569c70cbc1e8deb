// Stage by stage, with the names that operations have in the original program.
#include "plan/report.hpp"

#include <algorithm>
#include <iterator>

#include "base/overloaded.hpp"
#include "plan/blockade.hpp"
#include "program/roles.hpp"

namespace ketjet {

namespace {

// With a prefix for controls beyond those of the gate's row.
std::string full_name(const Operation& operation, const Wires& wires) {
    const GateFacts* const facts = gate_row_of(operation);
    const int further = wires.controls - (facts == nullptr ? 0 : facts->controls);
    std::string name;
    if (further > 0) name += 'c';
    if (further > 1) name += std::to_string(further);
    if (further > 0) name += '-';
    return name += name_of(operation);
}

OperationReport describe(const Program& program, const Operation& operation) {
    const Wires* const wires = wires_of(operation);
    if (wires == nullptr) {
        const Roles role = roles(program, operation);
        return {std::string(name_of(operation)), list_of(role.local | role.diagonal)};
    }
    OperationReport result{full_name(operation, *wires), {}};
    std::ranges::copy(program.controls(*wires), std::back_inserter(result.qubits));
    std::ranges::copy(program.targets(*wires), std::back_inserter(result.qubits));
    return result;
}

// What is reported on.
struct Subject {
    const Plan& plan;
    int threads;
    std::vector<OperationFacts> facts;
};

// The qubits that kept the operations at the front of a sweep from being part of the one before.
Index missing_before(const Program& program, std::span<const std::uint32_t> operations, Index hot_before) {
    Blockade blockade;
    Index missing = 0;
    for (const std::uint32_t index : operations) {
        const auto [local, diagonal] = roles(program, program.operations()[index]);
        const bool passes = blockade.lets_pass(local, diagonal);
        if (passes) missing |= local & ~hot_before;
        if (!passes || (local & ~hot_before) != 0) blockade.add(local, diagonal);
    }
    return missing;
}

void explain_beginning(const Plan& plan, const Stage& before, StageReport& result) {
    if (std::holds_alternative<Collapse>(before) || is_save(before)) result.reason = Reason::collapse;
    if (!touches_state(before)) result.reason = Reason::control_flow;
    const Sweep* const sweep = std::get_if<Sweep>(&before);
    if (sweep == nullptr) return;
    result.missing = list_of(missing_before(plan.program, result.operations, sweep->within_reach()));
    result.reason = Reason::left_apart;
    if (!result.missing.empty()) {
        result.reason = Reason::next_block;
    } else if (static_cast<int>(distinct(sweep->operations).size()) >= plan.shape.operations_per_sweep) {
        result.reason = Reason::full;
    }
}

StageReport describe_stage(const Subject& subject, const Stage& stage, const Stage* before) {
    const Plan& plan = subject.plan;
    const StageCost cost = run_cost(plan, stage, subject.threads);
    StageReport result{};
    result.bytes_moved = static_cast<std::int64_t>(std::min(cost.bytes_moved, 9e18));
    result.amplitudes = cost.amplitudes;
    result.seconds = cost.seconds;
    result.kind = name_of(stage);
    const auto describe_sweep = [&](const Sweep& sweep) {
        result.hot = sweep.hot;
        result.active = list_of(sweep.active);
        result.folded = sweep.folded;
        result.operations = distinct(sweep.operations);
        if (before != nullptr) explain_beginning(plan, *before, result);
        result.passes = pass_reports(plan, sweep, subject.facts);
        for (const PassReport& pass : result.passes) result.fma += pass.fma_per_amplitude * cost.amplitudes;
    };
    std::visit(Overloaded{describe_sweep,
                          [&](const Collapse& collapse) {
                              result.active = list_of(low_bits(plan.state_qubits));
                              result.operations = {collapse.operation};
                          },
                          [&](const Extend& extend) { result.active = list_of(extend.active); },
                          [&](const Compute& compute) { result.operations = {compute.operation}; },
                          [&](const Branch& branch) {
                              result.operations = {branch.operation};
                              result.target = branch.target;
                          },
                          [&](const Jump& jump) {
                              result.operations = {jump.operation};
                              result.target = jump.target;
                          },
                          [&](const Exchange& exchange) {
                              result.active = list_of(exchange.active);
                              result.swaps = exchange.swaps;
                          },
                          [](const Join&) {}, [&](const Save& save) { result.operations = {save.operation}; }},
               stage);
    return result;
}

}  // namespace

PlanReport report(const Plan& plan, int threads) {
    const Subject subject{plan, threads, operation_facts(plan.program)};
    PlanReport result{{}, {}, plan_cost(plan, threads), 0, 0};
    std::vector<bool> kept(plan.original.operations().size());
    for (const std::uint32_t origin : plan.origins) {
        kept[origin] = true;
        result.operations.push_back(describe(plan.original, plan.original.operations()[origin]));
    }
    result.left_out = static_cast<std::size_t>(std::ranges::count(kept, false));
    const Stage* before = nullptr;
    for (const Stage& stage : plan.stages) {
        result.stages.push_back(describe_stage(subject, stage, before));
        result.fma += result.stages.back().fma;
        before = &stage;
    }
    return result;
}

}  // namespace ketjet
