#include "emit/sweep_terms.hpp"

#include <algorithm>
#include <bit>
#include <optional>
#include <ranges>
#include <utility>

#include "base/overloaded.hpp"
#include "emit/merge_actions.hpp"

namespace ketjet {

namespace {

std::vector<int> list_of(Index qubits) {
    std::vector<int> list;
    for (; qubits != 0; qubits &= qubits - 1) list.push_back(std::countr_zero(qubits));
    return list;
}

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

Action before_turn(const LayerTurn& turn) {
    return std::visit(
        Overloaded{[](const QubitTurn& single) -> Action {
                       return DiagonalAction{{}, {single.qubit}, {1, std::polar(1.0, single.rotation.before)}};
                   },
                   [](const PairTurn& pair) { return part_of_pair(pair.rotation, Part::before, pair.low, pair.high); }},
        turn);
}

Matrix turn_alone(const LayerTurn& turn, Index qubits) {
    if (const auto* const pair = std::get_if<PairTurn>(&turn)) {
        return product_of(std::vector{part_of_pair(pair->rotation, Part::turn, pair->low, pair->high)}, qubits);
    }
    const GivensRotation& rotation = std::get<QubitTurn>(turn).rotation;
    const Complex off = rotation.imaginary ? Complex(0, -rotation.sine) : Complex(-rotation.sine);
    return Matrix(2, {rotation.cosine, off, rotation.imaginary ? off : -off, rotation.cosine});
}

// How many different sets of qubits its strings flip; 0 of a diagonal operator.
std::size_t flips_of(const PauliSum& sum) {
    std::vector<Index> flips;
    for (const PauliTerm& term : sum) {
        const Index x = term.string.x;
        if (x != 0 && std::ranges::find(flips, x) == flips.end()) flips.push_back(x);
    }
    return flips.size();
}

Matrix times(const Matrix& left, const Matrix& right) {
    Matrix result(left.dimension());
    for (std::size_t row = 0; row < result.dimension(); ++row) {
        for (std::size_t inner = 0; inner < result.dimension(); ++inner) {
            for (std::size_t column = 0; column < result.dimension(); ++column) {
                result(row, column) += left(row, inner) * right(inner, column);
            }
        }
    }
    return result;
}

// U G U+, as strings on these qubits.
PauliSum conjugated(const Matrix& u, const PauliSum& generator, Index qubits) {
    return pauli_sum(times(times(u, matrix_of(generator, qubits)), adjoint(u)), list_of(qubits), {});
}

}  // namespace

std::vector<Action> SweepTerms::actions(const Term& term) const {
    const auto operations = sweep_.operations_of(term);
    if (direction_ == Direction::forwards) return actions_of(program_, operations);
    std::vector<Action> all;
    for (const std::uint32_t operation : operations) {
        std::vector<Action> actions = resolve(program_, program_.operations()[operation]);
        for (Action& action : std::views::reverse(actions)) all.push_back(adjoint(std::move(action)));
    }
    return all;
}

DenseAction SweepTerms::product(const Term& term) const {
    const std::vector<Action> all = actions(term);
    const Index qubits = qubits_of(all);
    return {{}, list_of(qubits), product_of(all, qubits)};
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

std::vector<Derivative> SweepTerms::wanted_derivatives(std::uint32_t operation) const {
    std::vector<Derivative> derivatives = derivatives_of(program_, program_.operations()[operation]);
    if (wanted_.empty()) return derivatives;
    std::erase_if(derivatives, [&](const Derivative& derivative) { return wanted_[derivative.slot] == 0; });
    return derivatives;
}

// What comes before an operation here is undone when its derivative is read in the program's order of things: read
// before the term, its generator is seen through all that, and read behind the term, back through the rest.
SweepTerms::Derivatives SweepTerms::derivatives(const Term& term, bool in_layer) {
    const auto operations = sweep_.operations_of(term);
    const bool whole = term.part == Part::whole;
    Derivatives result;
    if (operations.size() == 1 && whole) {
        result.before = wanted_derivatives(operations.front());
        const auto is_one_string = [](const Derivative& derivative) { return derivative.generator.size() <= 1; };
        if (std::ranges::all_of(result.before, is_one_string)) return result;
    }
    const std::vector<Action> all = actions(term);
    const Index qubits = qubits_of(all);
    if (count_bits(qubits) > 2) return result;  // it is one operation
    result.before.clear();
    std::optional<Matrix> term_matrix;
    const auto seen_behind = [&](const PauliSum& generator) {
        if (!term_matrix) term_matrix = whole ? product_of(all, qubits) : turn_alone(split(term), qubits);
        return conjugated(*term_matrix, generator, qubits);
    };
    std::optional<Matrix> through;  // null: nothing
    if (!whole) through = product_of(std::vector{before_turn(split(term))}, qubits);
    for (const std::uint32_t index : operations) {
        const Operation& operation = program_.operations()[index];
        for (auto& [slot, generator] : wanted_derivatives(index)) {
            if (through) generator = conjugated(*through, generator, qubits);
            if (generator.size() > 1) {
                PauliSum behind = seen_behind(generator);
                const bool commutes = !in_layer || flips_of(behind) == 0;
                if (commutes &&
                    std::pair(flips_of(behind), behind.size()) < std::pair(flips_of(generator), generator.size())) {
                    result.behind.push_back({slot, std::move(behind)});
                    continue;
                }
            }
            result.before.push_back({slot, std::move(generator)});
        }
        if (index == operations.back()) break;
        const Matrix own = product_of(resolve(program_, operation), qubits);
        through = through ? times(*through, own) : own;
    }
    return result;
}

}  // namespace ketjet
