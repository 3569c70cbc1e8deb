// report(): numbers from the cost model, reasons from two scans over the terms around a lone one, each with the masks
// of what blocks it, as the planner does when it chooses.
#include "plan/report.hpp"

#include <algorithm>
#include <bit>
#include <iterator>

#include "base/overloaded.hpp"
#include "plan/group.hpp"
#include "plan/work.hpp"
#include "program/action.hpp"
#include "program/instruction.hpp"

namespace ketjet {

namespace {

std::vector<int> list_of(Index qubits) {
    std::vector<int> list;
    for (Index rest = qubits; rest != 0; rest &= rest - 1) list.push_back(std::countr_zero(rest));
    return list;
}

// The alternatives of Operation behind the gates are in the order of Instruction.
std::string_view name_of(const Operation& operation) {
    const auto gates = static_cast<std::int32_t>(gate_table().size());
    const auto* const gate = std::get_if<GateOperation>(&operation);
    return name_of_code(gate != nullptr ? gate->gate : gates + static_cast<std::int32_t>(operation.index()) - 1);
}

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

// A matrix that is split over several passes is in the list of a sweep several times.
std::vector<std::uint32_t> distinct(std::vector<std::uint32_t> operations) {
    std::ranges::sort(operations);
    operations.erase(std::ranges::unique(operations).begin(), operations.end());
    return operations;
}

// What is scheduled: a term of a pass, with the roles of all it does.
struct Unit {
    std::size_t pass;
    ElementKind kind;
    Term term;
    Index local;
    Index diagonal;
    Index touched() const { return local | diagonal; }
};

Roles roles_of(const Program& program, const Sweep& sweep, const Term& term) {
    Roles all;
    for (const std::uint32_t operation : sweep.operations_of(term)) {
        const Roles role = roles(program, program.operations()[operation]);
        all.local |= role.local;
        all.diagonal |= role.diagonal;
    }
    const Index touched = all.local | all.diagonal;
    if (term.part == Part::before || term.part == Part::after) return {0, touched};
    if (term.part == Part::turn) return {touched, 0};
    return {all.local, all.diagonal & ~all.local};
}

// What has been passed by, and so cannot be moved across.
struct Blockade {
    Index all = 0;
    Index local = 0;
    bool lets_pass(Index of_local, Index of_diagonal) const {
        return (all & (of_local | of_diagonal)) == 0 && (local & of_local) == 0;
    }
    void add(Index of_local, Index of_diagonal) {
        all |= of_local;
        local |= of_diagonal;
    }
};

// What is reported on.
struct Subject {
    const Plan& plan;
    int threads;
    std::vector<OperationFacts> facts;
};

class SweepReporter {
 public:
    SweepReporter(const Subject& subject, const Sweep& sweep)
        : program_(subject.plan.program),
          options_(subject.plan.request.options),
          facts_(subject.facts),
          sweep_(sweep),
          hot_(sweep.within_reach()),
          scale_(time_scale(subject.plan.request.precision) * subject.plan.machine.pass_factor) {
        for (std::size_t pass = 0; pass < sweep.passes.size(); ++pass) {
            const auto add = [&](ElementKind kind, std::span<const Term> terms) {
                for (const Term& term : terms) {
                    const auto [local, diagonal] = roles_of(program_, sweep, term);
                    units_.push_back({pass, kind, term, local, diagonal});
                }
            };
            std::visit(Overloaded{[&](const Relabel& relabel) { add(ElementKind::relabel, relabel.terms); },
                                  [&](const Layer& layer) {
                                      add(ElementKind::turns, layer.turns);
                                      add(ElementKind::phases, layer.phases);
                                  },
                                  [&](const Dense& dense) { add(ElementKind::dense, {&dense.term, 1}); },
                                  [&](const Single& single) { add(ElementKind::single, {&single.term, 1}); }},
                       sweep.passes[pass].work);
        }
    }

    std::vector<PassReport> passes() const {
        std::vector<PassReport> result;
        auto first = units_.begin();  // of the pass
        for (const Pass& pass : sweep_.passes) {
            const auto is_of_pass = [&](const Unit& unit) { return unit.pass == result.size(); };
            const auto end = std::find_if_not(first, units_.end(), is_of_pass);
            result.push_back(describe_pass(pass, {first, end}));
            if (result.back().operations.size() == 1) {
                result.back().reason = why_alone(static_cast<std::size_t>(first - units_.begin()));
            }
            first = end;
        }
        return result;
    }

 private:
    const Operation& operation(std::uint32_t index) const { return program_.operations()[index]; }

    PassReport describe_pass(const Pass& pass, std::span<const Unit> units) const {
        Index qubits = 0;
        std::vector<PassOperation> operations;
        for (const Unit& unit : units) {
            qubits |= unit.touched();
            for (const std::uint32_t index : sweep_.operations_of(unit.term)) {
                operations.push_back({index, unit.term.part});
            }
        }
        const Work work = std::visit(Overloaded{[](const Relabel&) { return Work{"frame", 0}; },
                                                [&](const Layer& layer) { return work_of_layer(layer, units); },
                                                [&](const Dense& dense) { return work_of_matrix(dense.term, qubits); },
                                                [&](const Single& one) { return work_of_matrix(one.term, qubits); }},
                                     pass.work);
        return {name_of(pass),         work.kernel, std::move(operations), list_of(qubits),
                scale_ * pass.cost_ns, work.fma,    Reason::none};
    }

    Work work_of_matrix(const Term& term, Index qubits) const {
        const auto operations = sweep_.operations_of(term);
        if (operations.size() == 1) return work_of(facts_[operations.front()], operation(operations.front()));
        return work_of_product(count_bits(qubits), pair_turn_of(facts_, operations) != TurnKind::none);
    }

    Work work_of_layer(const Layer& layer, std::span<const Unit> units) const {
        const Work phases = work_of_phases(units.subspan(layer.turns.size()), turns_pairs(facts_, sweep_, layer));
        if (layer.turns.empty()) return phases;
        return {"turn", 2.0 * static_cast<double>(layer.turns.size()) + phases.fma};
    }

    // One form for all operations on up to two qubits, a diagonal kernel for each of the others. The form takes a table
    // where it couples hot qubits or reaches into the lowest ones, as it does for pairs that are turned, and nothing at
    // all if no qubit of it is hot. Signs on the qubit along which the sweep is folded take one reflection.
    Work work_of_phases(std::span<const Unit> units, bool of_pairs) const {
        Work work{"gather", 0};
        bool form = of_pairs, table = of_pairs;
        for (const Unit& unit : units) {
            if (sweep_.folded >= 0 && (unit.diagonal >> sweep_.folded & 1) != 0) {
                if (work.fma == 0) work = {"reflect", reflection_fma};
                continue;
            }
            const Index inside = unit.diagonal & hot_;
            for (const std::uint32_t index : sweep_.operations_of(unit.term)) {
                if (count_bits(unit.diagonal) <= 2) continue;
                const Work own = work_of(facts_[index], operation(index));
                work = {own.kernel, work.fma + own.fma};
            }
            if (count_bits(unit.diagonal) > 2 || inside == 0) continue;
            form = true;
            const Index lowest = hot_ & (inside ^ (inside - 1));  // hot qubits up to the lowest one of the term
            table = table || count_bits(inside) > 1 || count_bits(lowest) <= max_phase_table_bits;
        }
        return form ? Work{"phase", work.fma + (table ? table_fma : factor_fma)} : work;
    }

    Reason why_alone(std::size_t unit) const {
        const ElementKind kind = units_[unit].kind;
        if (kind == ElementKind::relabel) return Reason::none;
        if (!options_.merge_passes) return Reason::switched_off;
        const Index touched = units_[unit].touched();
        if (kind == ElementKind::turns) return why_without_its_kind(unit);
        if (count_bits(touched) > 2) return Reason::wide;
        if (kind == ElementKind::phases) return why_without_its_kind(unit);
        if ((touched & ~hot_) != 0) return Reason::cold_qubit;
        if (!options_.merge_dense) return Reason::switched_off;
        const std::vector<std::uint32_t> pair = neighbours_on(touched, unit);
        if (!dense_pays(facts_, pair)) return Reason::cheaper_alone;
        return pair.size() == 1 ? Reason::no_neighbour : Reason::left_apart;
    }

    // Of what shares passes with its kind: whether another one of its kind could be moved to it, or it to another one.
    Reason why_without_its_kind(std::size_t unit) const {
        const Unit& own = units_[unit];
        const auto is_kin = [&](const Unit& other) { return other.kind == own.kind && other.pass != own.pass; };
        if (std::ranges::none_of(units_, is_kin)) return Reason::only_one;
        Blockade ahead, behind;
        for (std::size_t i = unit + 1; i < units_.size() && ahead.all != ~Index{0}; ++i) {
            if (is_kin(units_[i]) && ahead.lets_pass(units_[i].local, units_[i].diagonal)) return Reason::left_apart;
            ahead.add(units_[i].local, units_[i].diagonal);
        }
        for (std::size_t i = unit; i-- > 0 && behind.lets_pass(own.local, own.diagonal);) {
            if (is_kin(units_[i])) return Reason::left_apart;
            behind.add(units_[i].local, units_[i].diagonal);
        }
        return Reason::between;
    }

    // The operations that could be multiplied with that of `unit` on its two qubits; bookkeeping does not count.
    std::vector<std::uint32_t> neighbours_on(Index pair, std::size_t unit) const {
        std::vector<std::uint32_t> found;
        const auto take = [&](Blockade& blockade, std::size_t i) {
            const Unit& other = units_[i];
            if ((other.touched() & ~pair) != 0 || !blockade.lets_pass(other.local, other.diagonal)) {
                blockade.add(other.local, other.diagonal);
            } else if (other.kind != ElementKind::relabel) {
                std::ranges::copy(sweep_.operations_of(other.term), std::back_inserter(found));
            }
            return (pair & ~blockade.all) != 0;
        };
        Blockade ahead, behind;
        take(ahead, unit);
        for (std::size_t i = unit + 1; i < units_.size() && take(ahead, i);) ++i;
        for (std::size_t i = unit; i-- > 0 && take(behind, i);) {
        }
        return distinct(std::move(found));
    }

    const Program& program_;
    const PlanOptions& options_;
    std::span<const OperationFacts> facts_;
    const Sweep& sweep_;
    Index hot_;
    double scale_;
    std::vector<Unit> units_;
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
    const StageCost cost = stage_cost(plan, stage, subject.threads);
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
        result.passes = SweepReporter(subject, sweep).passes();
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
                          [](const Join&) {}, [&](const Save& save) { result.operations = {save.operation}; }},
               stage);
    return result;
}

}  // namespace

std::string_view text_of(Reason reason) {
    constexpr std::string_view texts[] = {
        "",
        "merging is switched off",
        "acts on more than two qubits",
        "has a control or diagonal qubit outside the block",
        "cheaper alone than as a dense pair",
        "nothing next to it acts on its two qubits alone",
        "the only one of its kind in this sweep",
        "parted from its kind by what does not commute with it",
        "could join others, but the planner left it apart",
        "needs qubits outside the block of the sweep before",
        "the sweep before has as many operations as it may",
        "comes after a measurement, reset, initialization or save",
        "begins where paths part or meet",
    };
    return texts[static_cast<std::size_t>(reason)];
}

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
