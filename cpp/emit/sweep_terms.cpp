#include "emit/sweep_terms.hpp"

#include <bit>

#include "base/overloaded.hpp"
#include "emit/merge_actions.hpp"

namespace ketjet {

namespace {

void drop_outer(GivensRotation& rotation) { rotation.before = rotation.after = 0; }

// A pair's common phases may differ by parity, and come after the turn.
void add_part(const LayerTurn& turn, Part part, PhaseForm& form) {
    std::visit(
        Overloaded{[&](const QubitTurn& single) {
                       form.linear[static_cast<std::size_t>(single.qubit)] +=
                           part == Part::before ? single.rotation.before : single.rotation.after;
                   },
                   [&](const PairTurn& pair) { form.add(part_of_pair(pair.rotation, part, pair.low, pair.high)); }},
        turn);
}

}  // namespace

DenseAction SweepTerms::product(const Term& term) const {
    const std::vector<Action> all = actions(term);
    const Index qubits = qubits_of(all);
    std::vector<int> targets;
    for (Index rest = qubits; rest != 0; rest &= rest - 1) targets.push_back(std::countr_zero(rest));
    return {{}, targets, product_of(all, qubits)};
}

const LayerTurn& SweepTerms::split(const Term& term) {
    if (const auto known = splits_.find(term.begin); known != splits_.end()) return known->second;
    return splits_.emplace(term.begin, make_split(term)).first->second;
}

LayerTurn SweepTerms::make_split(const Term& term) const {
    const std::vector<Action> run = actions(term);
    const Index qubits = qubits_of(run);
    const Matrix product = product_of(run, qubits);
    const int low = std::countr_zero(qubits), high = static_cast<int>(std::bit_width(qubits)) - 1;
    const bool plain = term.part == Part::whole;
    if (low != high) return PairTurn{low, high, plain ? split_plain_pair(product) : split_pair(product)};
    return QubitTurn{low, plain ? split_plain_turn(product) : split_turn(product)};
}

std::vector<LayerTurn> SweepTerms::turns(std::span<const Term> terms) {
    std::vector<LayerTurn> turns;
    for (const Term& term : terms) {
        turns.push_back(split(term));
        if (term.part == Part::whole) continue;
        if (auto* const single = std::get_if<QubitTurn>(&turns.back())) {
            drop_outer(single->rotation);
            continue;
        }
        for (GivensRotation& rotation : std::get<PairTurn>(turns.back()).rotation.of_parity) {
            drop_outer(rotation);
            rotation.phase = 0;
        }
    }
    return turns;
}

SweepTerms::Phases SweepTerms::phases(std::span<const Term> terms) {
    Phases result;
    for (const Term& term : terms) {
        if (term.part != Part::whole) {
            add_part(split(term), term.part, result.form);
            continue;
        }
        for (const Action& action : actions(term)) {
            if (!result.form.add(action)) result.others.push_back(action);
        }
    }
    return result;
}

}  // namespace ketjet
