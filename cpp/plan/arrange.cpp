// Two steps. The Grouper reads the operations in order and collects runs on one qubit and candidates for dense pairs
// into elements, the things that are scheduled. The scheduler then picks, round after round, all ready elements of the
// cheapest kind; elements commute where both are diagonal or their qubits are apart.
#include "plan/arrange.hpp"

#include <algorithm>
#include <array>
#include <bit>

namespace ketjet {

namespace {

struct Element {
    PassKind kind;
    Term term;
    Index local;
    Index diagonal;
};

class Grouper {
 public:
    Grouper(std::span<const OperationFacts> facts, const PlanOptions& options, Sweep& sweep,
            std::vector<Element>& elements)
        : facts_(facts), options_(options), operations_(sweep.operations), elements_(elements) {
        for (const int qubit : sweep.hot) hot_ |= bit(qubit);
    }

    void add(std::uint32_t index) {
        const OperationFacts& facts = facts_[index];
        const Index touched = facts.touched();
        if (!options_.merge_passes) {
            emit(PassKind::single, {&index, 1}, Part::whole, facts.local, facts.diagonal);
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
                emit(PassKind::dense, closed_pair_, Part::whole, both, 0);
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
        const PassKind kind = relabelling        ? PassKind::relabel
                              : facts.local == 0 ? PassKind::phases
                              : dense            ? PassKind::dense
                                                 : PassKind::single;
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
        const auto is_diagonal = [&](std::uint32_t index) { return facts_[index].local == 0; };
        const auto first = std::ranges::find_if_not(run, is_diagonal);
        const auto before = static_cast<std::size_t>(first - run.begin());
        std::size_t end = run.size();
        while (end > before && is_diagonal(run[end - 1])) --end;
        const auto core = run.subspan(before, end - before);
        if (core.empty()) return emit(PassKind::phases, run, Part::whole, 0, qubit);
        const Turn turn = turn_of_run(core);
        if (turn == Turn::general) {
            const Term term = append(run);
            elements_.push_back({PassKind::phases, {term.begin, term.end, Part::before}, 0, qubit});
            elements_.push_back({PassKind::turns, {term.begin, term.end, Part::turn}, qubit, 0});
            elements_.push_back({PassKind::phases, {term.begin, term.end, Part::after}, 0, qubit});
            return;
        }
        if (before > 0) emit(PassKind::phases, run.first(before), Part::whole, 0, qubit);
        if (std::ranges::all_of(core, [&](std::uint32_t i) { return relabels(i); })) {
            emit(PassKind::relabel, core, Part::whole, qubit, 0);
        } else {
            emit(PassKind::turns, core, Part::whole, qubit, 0);
        }
        if (end < run.size()) emit(PassKind::phases, run.subspan(end), Part::whole, 0, qubit);
    }

    // Of X, which is both real and imaginary, Z, which is real, and the rest.
    Turn turn_of_run(std::span<const std::uint32_t> core) const {
        bool real = true, imaginary = true;
        for (const std::uint32_t index : core) {
            const OperationFacts& facts = facts_[index];
            if (facts.flips) continue;
            const bool is_z = facts.turn == Turn::none && facts.relabels;
            real = real && (facts.turn == Turn::real || is_z);
            imaginary = imaginary && facts.turn == Turn::imaginary;
        }
        return real ? Turn::real : imaginary ? Turn::imaginary : Turn::general;
    }

    Term append(std::span<const std::uint32_t> run) {
        const auto begin = static_cast<std::uint32_t>(operations_.size());
        operations_.insert(operations_.end(), run.begin(), run.end());
        return {begin, static_cast<std::uint32_t>(operations_.size()), Part::whole};
    }
    void emit(PassKind kind, std::span<const std::uint32_t> run, Part part, Index local, Index diagonal) {
        Term term = append(run);
        term.part = part;
        elements_.push_back({kind, term, local, diagonal});
    }

    std::span<const OperationFacts> facts_;
    const PlanOptions& options_;
    std::vector<std::uint32_t>& operations_;
    std::vector<Element>& elements_;
    Index hot_ = 0;
    std::array<Group, 64> runs_;
    std::array<Group, 64> pairs_;
    Group closed_pair_;  // kept for its memory
    std::array<Index, 64> partner_{};
    Index open_runs_ = 0;
    Index open_pairs_ = 0;
};

// The cheapest kind goes first; what has a pass of its own anyway comes before what gains from waiting for company.
constexpr PassKind order_of_kinds[] = {PassKind::relabel, PassKind::dense, PassKind::single, PassKind::turns,
                                       PassKind::phases};

// By kind: its place in that order.
constexpr auto ranks = [] {
    std::array<int, std::size(order_of_kinds)> result{};
    int rank = 0;
    for (const PassKind kind : order_of_kinds) result[static_cast<std::size_t>(kind)] = rank++;
    return result;
}();

bool shares_a_pass(PassKind kind) { return kind != PassKind::dense && kind != PassKind::single; }

// The qubits that block everything once they are blocked; more than there are if some element is on no qubit at all.
Index qubits_of(std::span<const Element> elements) {
    Index all = 0;
    for (const Element& element : elements) {
        const Index touched = element.local | element.diagonal;
        if (touched == 0) return ~Index{0};
        all |= touched;
    }
    return all;
}

void schedule(std::vector<Element> pending, std::vector<Pass>& passes) {
    const Index all = qubits_of(pending);
    std::vector<std::size_t> ready;  // of the first kind in order that any ready element has
    std::size_t first = 0;
    while (first < pending.size()) {
        ready.clear();
        PassKind kind = pending[first].kind;
        Index blocked = 0, blocked_local = 0;
        for (std::size_t i = first; i < pending.size() && blocked != all; ++i) {
            const Element& element = pending[i];
            if ((blocked & (element.local | element.diagonal)) == 0 && (blocked_local & element.local) == 0) {
                if (ranks[static_cast<std::size_t>(element.kind)] < ranks[static_cast<std::size_t>(kind)]) {
                    kind = element.kind;
                    ready.clear();
                }
                if (element.kind == kind) ready.push_back(i);
                if (element.kind == PassKind::relabel) continue;  // goes first, in order, and so blocks nothing
            }
            blocked |= element.local;
            blocked_local |= element.diagonal;
        }
        for (const std::size_t i : ready) {
            if (i == ready.front() || !shares_a_pass(kind)) passes.push_back({kind, {}});
            if (i == ready.front() && shares_a_pass(kind)) passes.back().terms.reserve(ready.size());
            passes.back().terms.push_back(pending[i].term);
        }
        // What is done is dropped; the rest moves up behind it.
        std::size_t next = ready.back() + 1;
        auto done = ready.rbegin();
        for (std::size_t i = ready.back() + 1; i-- > first;) {
            if (done != ready.rend() && *done == i) {
                ++done;
            } else {
                pending[--next] = pending[i];
            }
        }
        first = next;
    }
}

}  // namespace

void arrange_passes(std::span<const OperationFacts> facts, const PlanOptions& options, Sweep& sweep) {
    const std::vector<std::uint32_t> operations = std::move(sweep.operations);
    sweep.operations.clear();
    sweep.operations.reserve(operations.size());
    std::vector<Element> elements;
    elements.reserve(operations.size());
    Grouper grouper(facts, options, sweep, elements);
    for (const std::uint32_t operation : operations) grouper.add(operation);
    grouper.finish();
    schedule(std::move(elements), sweep.passes);
    for (std::size_t pass = 0; pass < sweep.passes.size(); ++pass) {
        sweep.passes[pass].cost_ns = pass_cost_ns(facts, sweep, pass);
    }
}

}  // namespace ketjet
