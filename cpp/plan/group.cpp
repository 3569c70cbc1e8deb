// The Grouper reads the operations in order, and keeps a run open on each qubit and a group on each pair of qubits
// until an operation on some of them and on others comes.
#include "plan/group.hpp"

#include <algorithm>
#include <bit>
#include <utility>

namespace ketjet {

Core core_of(std::span<const OperationFacts> facts, std::span<const std::uint32_t> run) {
    const auto is_diagonal = [&](std::uint32_t index) { return facts[index].local == 0; };
    Core core{0, run.size()};
    while (core.begin < run.size() && is_diagonal(run[core.begin])) ++core.begin;
    while (core.end > core.begin && is_diagonal(run[core.end - 1])) --core.end;
    return core;
}

std::array<Element, 3> parts_of(const Term& term, Index qubits) {
    return {{{ElementKind::phases, {term.begin, term.end, Part::before}, 0, qubits},
             {ElementKind::turns, {term.begin, term.end, Part::turn}, qubits, 0},
             {ElementKind::phases, {term.begin, term.end, Part::after}, 0, qubits}}};
}

namespace {

class Grouper {
 public:
    Grouper(std::span<const OperationFacts> facts, const PlanOptions& options, Sweep& sweep,
            std::vector<Element>& elements)
        : facts_(facts),
          options_(options),
          turns_pairs_(options.turn_pairs && sweep.folded < 0),  // what is turned would not stay real
          operations_(sweep.operations),
          elements_(elements),
          hot_(mask_of(sweep.hot)) {}

    void add(std::uint32_t index) {
        const OperationFacts& facts = facts_[index];
        const Index touched = facts.touched();
        if (!options_.merge_passes) {
            emit(ElementKind::single, {&index, 1}, Part::whole, facts.local, facts.diagonal);
            return;
        }
        if (touched != 0 && inside_open_pair(touched)) {
            pair_at(touched).push_back(index);
        } else if (options_.merge_dense && facts.local != 0 && (touched & ~hot_) == 0 && count_bits(touched) == 2 &&
                   !relabels(index)) {
            open_pair(index, touched);
        } else {
            close_pairs(touched);
            add_alone(index);
        }
    }

    void finish() {
        close_pairs(~Index{0});
        close_runs(~Index{0});
    }

 private:
    using Group = std::vector<std::uint32_t>;
    struct RunPart {
        ElementKind kind;
        std::span<const std::uint32_t> operations;
    };

    static std::size_t lowest(Index mask) { return static_cast<std::size_t>(std::countr_zero(mask)); }

    // A pair is kept at its lower qubit; partner_ tells both qubits of each open pair.
    bool inside_open_pair(Index touched) const {
        const Index pair = partner_[lowest(touched)];
        return pair != 0 && (touched & ~pair) == 0;
    }
    Group& pair_at(Index touched) { return pairs_[lowest(partner_[lowest(touched)])]; }

    // The open runs on its qubits are taken into the pair.
    void open_pair(std::uint32_t index, Index touched) {
        close_pairs(touched);
        Group& pair = pairs_[lowest(touched)];
        for (Index rest = touched; rest != 0; rest &= rest - 1) {
            Group& run = runs_[lowest(rest)];
            pair.insert(pair.end(), run.begin(), run.end());
            run.clear();
            partner_[lowest(rest)] = touched;
        }
        open_runs_ &= ~touched;
        open_pairs_ |= touched;
        pair.push_back(index);
    }

    void close_pairs(Index touched) {
        for (Index closing = open_pairs_ & touched; closing != 0; closing = open_pairs_ & touched) {
            const Index both = partner_[lowest(closing)];
            for (Index rest = both; rest != 0; rest &= rest - 1) partner_[lowest(rest)] = 0;
            open_pairs_ &= ~both;
            closed_pair_.clear();
            closed_pair_.swap(pairs_[lowest(both)]);
            if (dense_pays(facts_, closed_pair_)) {
                emit(ElementKind::dense, closed_pair_, Part::whole, both, 0);
                if (turns_pairs_) elements_.back().pair_turn = pair_turn(closed_pair_);
            } else {
                for (const std::uint32_t index : closed_pair_) add_alone(index);
            }
        }
    }

    void add_alone(std::uint32_t index) {
        const OperationFacts& facts = facts_[index];
        const Index touched = facts.touched();
        const bool relabelling = relabels(index);
        if (count_bits(touched) == 1 && (!relabelling || (open_runs_ & touched) != 0)) {
            runs_[lowest(touched)].push_back(index);
            open_runs_ |= touched;
            return;
        }
        close_runs(touched);
        const bool dense = facts.diagonal == 0 && !facts.rotates;
        const ElementKind kind = relabelling        ? ElementKind::relabel
                                 : facts.local == 0 ? ElementKind::phases
                                 : dense            ? ElementKind::dense
                                                    : ElementKind::single;
        emit(kind, {&index, 1}, Part::whole, facts.local, facts.diagonal);
    }

    bool relabels(std::uint32_t index) const { return options_.block_frame && facts_[index].relabels; }

    void close_runs(Index touched) {
        for (Index closing = open_runs_ & touched; closing != 0; closing &= closing - 1) {
            close_run(runs_[lowest(closing)], closing & (~closing + 1));
            runs_[lowest(closing)].clear();
        }
        open_runs_ &= ~touched;
    }

    // Diagonals at either end of a run are phases of their own, unless the rest needs phases anyway.
    void close_run(std::span<const std::uint32_t> run, Index qubit) {
        const auto [before, end] = core_of(facts_, run);
        const auto core = run.subspan(before, end - before);
        if (core.empty()) return emit(ElementKind::phases, run, Part::whole, 0, qubit);
        const TurnKind turn = turn_of_run(core);
        if (turn == TurnKind::general && emit_apart(run, qubit)) return;
        if (turn == TurnKind::general) {
            const auto parts = parts_of(append(run), qubit);
            elements_.insert(elements_.end(), parts.begin(), parts.end());
            return;
        }
        if (before > 0) emit(ElementKind::phases, run.first(before), Part::whole, 0, qubit);
        if (std::ranges::all_of(core, [&](std::uint32_t i) { return relabels(i); })) {
            emit(ElementKind::relabel, core, Part::whole, qubit, 0);
        } else {
            emit(ElementKind::turns, core, Part::whole, qubit, 0);
        }
        if (end < run.size()) emit(ElementKind::phases, run.subspan(end), Part::whole, 0, qubit);
    }

    // Phases, X and what lies between the outermost of these one by one, if this is no general turn and there are not
    // more phases than that would have; else false.
    bool emit_apart(std::span<const std::uint32_t> run, Index qubit) {
        const auto is_turned = [&](std::uint32_t index) { return facts_[index].local != 0 && !relabels(index); };
        const auto first = std::ranges::find_if(run, is_turned);
        const auto last = std::find_if(run.rbegin(), run.rend(), is_turned).base();
        if (first < last && turn_of_run({first, last}) == TurnKind::general) return false;
        parts_.clear();
        for (auto next = run.begin(); next != run.end();) {
            const bool turns = next == first && first < last, moves = facts_[*next].local != 0;
            const auto is_other = [&](std::uint32_t index) { return (facts_[index].local != 0) != moves; };
            const auto end = turns ? last : std::find_if(next, next < first ? first : run.end(), is_other);
            parts_.push_back({turns   ? ElementKind::turns
                              : moves ? ElementKind::relabel
                                      : ElementKind::phases,
                              {next, end}});
            next = end;
        }
        if (std::ranges::count(parts_, ElementKind::phases, &RunPart::kind) > 2) return false;
        for (const RunPart& part : parts_) {
            const bool local = part.kind != ElementKind::phases;
            emit(part.kind, part.operations, Part::whole, local ? qubit : 0, local ? 0 : qubit);
        }
        return true;
    }

    TurnKind pair_turn(std::span<const std::uint32_t> operations) const {
        const auto [begin, end] = core_of(facts_, operations);
        return pair_turn_of(facts_, operations.subspan(begin, end - begin));
    }

    // Of X, which is both real and imaginary, Z, which is real, and the rest.
    TurnKind turn_of_run(std::span<const std::uint32_t> core) const {
        bool real = true, imaginary = true;
        for (const std::uint32_t index : core) {
            const OperationFacts& facts = facts_[index];
            if (facts.flips) continue;
            const bool is_z = facts.turn == TurnKind::none && facts.relabels;
            real = real && (facts.turn == TurnKind::real || is_z);
            imaginary = imaginary && facts.turn == TurnKind::imaginary;
        }
        return real ? TurnKind::real : imaginary ? TurnKind::imaginary : TurnKind::general;
    }

    Term append(std::span<const std::uint32_t> run) {
        const auto begin = static_cast<std::uint32_t>(operations_.size());
        operations_.insert(operations_.end(), run.begin(), run.end());
        return {begin, static_cast<std::uint32_t>(operations_.size()), Part::whole};
    }
    void emit(ElementKind kind, std::span<const std::uint32_t> run, Part part, Index local, Index diagonal) {
        Term term = append(run);
        term.part = part;
        elements_.push_back({kind, term, local, diagonal});
    }

    std::span<const OperationFacts> facts_;
    const PlanOptions& options_;
    bool turns_pairs_;
    std::vector<std::uint32_t>& operations_;
    std::vector<Element>& elements_;
    Index hot_;
    std::array<Group, 64> runs_;
    std::array<Group, 64> pairs_;
    Group closed_pair_;           // kept for its memory
    std::vector<RunPart> parts_;  // likewise
    std::array<Index, 64> partner_{};
    Index open_runs_ = 0;
    Index open_pairs_ = 0;
};

}  // namespace

std::vector<Element> group_operations(std::span<const OperationFacts> facts, const PlanOptions& options, Sweep& sweep) {
    const std::vector<std::uint32_t> operations = std::move(sweep.operations);
    sweep.operations.clear();
    sweep.operations.reserve(operations.size());
    std::vector<Element> elements;
    elements.reserve(operations.size());
    Grouper grouper(facts, options, sweep, elements);
    for (const std::uint32_t operation : operations) grouper.add(operation);
    grouper.finish();
    return elements;
}

}  // namespace ketjet
