// Numbers come from the cost model, reasons from two scans over the terms around a lone one, each with the masks of
// what blocks it, as the planner does when it chooses.
#include "plan/pass_report.hpp"

#include <algorithm>
#include <bit>
#include <iterator>

#include "base/overloaded.hpp"
#include "plan/blockade.hpp"
#include "plan/cost.hpp"
#include "plan/group.hpp"
#include "plan/work.hpp"
#include "program/roles.hpp"

namespace ketjet {

namespace {

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

class SweepReporter {
 public:
    SweepReporter(const Plan& plan, const Sweep& sweep, std::span<const OperationFacts> facts)
        : program_(plan.program),
          options_(plan.request.options),
          facts_(facts),
          sweep_(sweep),
          hot_(sweep.within_reach()),
          scale_(time_scale(plan.request.precision) * plan.machine.pass_factor) {
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

}  // namespace

std::vector<int> list_of(Index qubits) {
    std::vector<int> list;
    for (Index rest = qubits; rest != 0; rest &= rest - 1) list.push_back(std::countr_zero(rest));
    return list;
}

std::vector<std::uint32_t> distinct(std::vector<std::uint32_t> operations) {
    std::ranges::sort(operations);
    operations.erase(std::ranges::unique(operations).begin(), operations.end());
    return operations;
}

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

std::vector<PassReport> pass_reports(const Plan& plan, const Sweep& sweep, std::span<const OperationFacts> facts) {
    return SweepReporter(plan, sweep, facts).passes();
}

}  // namespace ketjet
