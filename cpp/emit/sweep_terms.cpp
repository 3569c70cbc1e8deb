#include "emit/sweep_terms.hpp"

#include <algorithm>
#include <bit>
#include <optional>
#include <utility>

#include "base/overloaded.hpp"
#include "emit/merge_actions.hpp"
#include "emit/pair_rotation.hpp"

namespace ketjet {

namespace {

Targets list_of(Index qubits) {
    Targets list;
    for (; qubits != 0; qubits &= qubits - 1) list.push_back(std::countr_zero(qubits));
    return list;
}

void drop_outer(GivensRotation& rotation) { rotation.before = rotation.after = 0; }

// The phases before or after a turn.
struct AddPart {
    Part part;
    PhaseForm& form;

    void operator()(const QubitTurn& turn) const {
        form.add(turn.qubit, part == Part::before ? turn.rotation.before : turn.rotation.after);
    }
    // A pair's common phases may differ by parity, and come after the turn.
    void operator()(const PairTurn& turn) const {
        const auto& [even, odd] = turn.rotation.of_parity;
        if (part == Part::before) {
            form.add(turn.high, odd.before);
            form.add(turn.low, turn.high, even.before - odd.before);
            return;
        }
        form.add(even.phase);
        form.add(turn.low, odd.phase - even.phase);
        form.add(turn.high, odd.phase + odd.after - even.phase);
        form.add(turn.low, turn.high, 2 * (even.phase - odd.phase) + even.after - odd.after);
    }
};

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

SweepTerms::SweepTerms(const Program& program, const Sweep& sweep, Direction direction, Arena& arena,
                       std::span<const char> wanted)
    : program_(program), sweep_(sweep), direction_(direction), arena_(arena), wanted_(wanted) {
    const auto in_parts = [](const Term& term) { return term.part != Part::whole; };
    std::size_t parts = 0;
    for (const Pass& pass : sweep.passes) {
        const auto* const layer = std::get_if<Layer>(&pass.work);
        if (layer == nullptr) continue;
        parts += static_cast<std::size_t>(std::ranges::count_if(layer->turns, in_parts));
        parts += static_cast<std::size_t>(std::ranges::count_if(layer->phases, in_parts));
    }
    if (parts == 0) return;
    splits_ = arena.take<LayerTurn>(parts);
    numbers_ = arena.take<std::uint32_t>(sweep.operations.size());
    std::fill_n(numbers_, sweep.operations.size(), 0);
}

std::vector<Action> SweepTerms::actions(const Term& term) const {
    std::vector<Action> all;
    for_each(term, [&](Action&& action) { all.push_back(std::move(action)); });
    return all;
}

DenseAction SweepTerms::product(const Term& term) const {
    Product product = product_of(program_, sweep_.operations_of(term), direction_);
    return {{}, list_of(product.qubits), std::move(product.matrix)};
}

LayerTurn SweepTerms::split(const Term& term) {
    const auto made = [&](bool plain) { return turn_of(program_, sweep_.operations_of(term), direction_, plain); };
    if (term.part == Part::whole) return made(true);
    std::uint32_t& number = numbers_[term.begin];
    if (number == 0) {
        splits_[known_] = made(false);
        number = ++known_;
    }
    return splits_[number - 1];
}

std::span<LayerTurn> SweepTerms::turns(std::span<const Term> terms) {
    const std::span<LayerTurn> turns(arena_.take<LayerTurn>(terms.size()), terms.size());
    for (std::size_t i = 0; i < terms.size(); ++i) {
        turns[i] = split(terms[i]);
        if (terms[i].part == Part::whole) continue;
        if (auto* const single = std::get_if<QubitTurn>(&turns[i])) {
            drop_outer(single->rotation);
            continue;
        }
        for (GivensRotation& rotation : std::get<PairTurn>(turns[i]).rotation.of_parity) {
            drop_outer(rotation);
            rotation.phase = 0;
        }
    }
    return turns;
}

std::vector<Action> SweepTerms::add_phases(std::span<const Term> terms, PhaseForm& form) {
    std::vector<Action> others;
    for (const Term& term : terms) {
        if (term.part != Part::whole) {
            std::visit(AddPart{term.part, form}, split(term));
            continue;
        }
        for (const std::uint32_t index : sweep_.operations_of(term)) {
            form.add(program_, program_.operations()[index], direction_, others);
        }
    }
    return others;
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
