// report(): numbers from the cost model, reasons from two scans over the terms around a lone one, each with the masks
// of what blocks it, as the planner does when it chooses.
#include "plan/report.hpp"

#include <algorithm>
#include <bit>
#include <iterator>

#include "base/overloaded.hpp"
#include "plan/work.hpp"
#include "program/instruction.hpp"
#include "program/roles.hpp"

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
    PassKind kind;
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

constexpr std::string_view reflect = "reflect";

class SweepReporter {
 public:
    SweepReporter(const Subject& subject, const Sweep& sweep)
        : program_(subject.plan.program),
          options_(subject.plan.request.options),
          facts_(subject.facts),
          sweep_(sweep),
          hot_(sweep.within_reach()),
          scale_(time_scale(subject.plan.request.precision) * subject.plan.machine.pass_factor) {
        for (std::size_t p = 0; p < sweep.passes.size(); ++p) {
            for (const Term& term : sweep.passes[p].terms) {
                const auto [local, diagonal] = roles_of(program_, sweep, term);
                units_.push_back({p, sweep.passes[p].kind, local, diagonal});
            }
        }
    }

    std::vector<PassReport> passes() const {
        std::vector<PassReport> result;
        std::size_t first = 0;  // unit of the pass
        for (const Pass& pass : sweep_.passes) {
            const std::size_t number = result.size();
            result.push_back(describe_pass(pass, std::span(units_).subspan(first, pass.terms.size())));
            result.back().ns_per_amplitude = scale_ * pass.cost_ns;
            if (joins_turns(sweep_, number) && result.back().kernel != reflect) result.back().kernel = "turn";
            if (needs_own_phases(facts_, sweep_, number)) result.back().fma_per_amplitude += table_fma;
            if (result.back().operations.size() == 1) result.back().reason = why_alone(pass, first);
            first += pass.terms.size();
        }
        return result;
    }

 private:
    const Operation& operation(std::uint32_t index) const { return program_.operations()[index]; }

    PassReport describe_pass(const Pass& pass, std::span<const Unit> units) const {
        PassReport result{pass.kind, "frame", {}, {}, 0, 0, Reason::none};
        Index qubits = 0;
        for (std::size_t t = 0; t < pass.terms.size(); ++t) {
            qubits |= units[t].touched();
            for (const std::uint32_t index : sweep_.operations_of(pass.terms[t])) {
                result.operations.push_back({index, pass.terms[t].part});
            }
        }
        result.qubits = list_of(qubits);
        const Work work = work_of_pass(pass, units, count_bits(qubits));
        result.kernel = work.kernel;
        result.fma_per_amplitude = work.fma;
        return result;
    }

    Work work_of_pass(const Pass& pass, std::span<const Unit> units, int qubits) const {
        switch (pass.kind) {
            case PassKind::relabel:
                return {"frame", 0};
            case PassKind::turns:
                return {"turn", 2.0 * static_cast<double>(pass.terms.size())};
            case PassKind::phases:
                return work_of_phases(pass, units);
            case PassKind::dense:
            case PassKind::single:
                break;
        }
        const auto operations = sweep_.operations_of(pass.terms.front());
        if (operations.size() == 1) return work_of(facts_[operations.front()], operation(operations.front()));
        return work_of_product(qubits, pair_turn_of(facts_, operations) != TurnKind::none);
    }

    // One form for all operations on up to two qubits, a diagonal kernel for each of the others. The form takes a table
    // where it couples hot qubits or reaches into the lowest ones, and nothing at all if no qubit of it is hot. Signs
    // on the qubit along which the sweep is folded take one reflection.
    Work work_of_phases(const Pass& pass, std::span<const Unit> units) const {
        Work work{"gather", 0};
        bool form = false, table = false;
        for (std::size_t t = 0; t < pass.terms.size(); ++t) {
            if (sweep_.folded >= 0 && (units[t].diagonal >> sweep_.folded & 1) != 0) {
                if (work.fma == 0) work = {reflect, reflection_fma};
                continue;
            }
            const Index inside = units[t].diagonal & hot_;
            for (const std::uint32_t index : sweep_.operations_of(pass.terms[t])) {
                if (count_bits(units[t].diagonal) <= 2) continue;
                const Work own = work_of(facts_[index], operation(index));
                work = {own.kernel, work.fma + own.fma};
            }
            if (count_bits(units[t].diagonal) > 2 || inside == 0) continue;
            form = true;
            const Index lowest = hot_ & (inside ^ (inside - 1));  // hot qubits up to the lowest one of the term
            table = table || count_bits(inside) > 1 || count_bits(lowest) <= max_phase_table_bits;
        }
        return form ? Work{"phase", work.fma + (table ? table_fma : factor_fma)} : work;
    }

    Reason why_alone(const Pass& pass, std::size_t unit) const {
        if (pass.kind == PassKind::relabel) return Reason::none;
        if (!options_.merge_passes) return Reason::switched_off;
        const Index touched = units_[unit].touched();
        if (pass.kind == PassKind::turns) return why_without_its_kind(unit);
        if (count_bits(touched) > 2) return Reason::wide;
        if (pass.kind == PassKind::phases) return why_without_its_kind(unit);
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
            } else if (other.kind != PassKind::relabel) {
                std::ranges::copy(sweep_.operations_of(term_of(i)), std::back_inserter(found));
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

    const Term& term_of(std::size_t unit) const {
        std::size_t first = unit;
        while (first > 0 && units_[first - 1].pass == units_[unit].pass) --first;
        return sweep_.passes[units_[unit].pass].terms[unit - first];
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
