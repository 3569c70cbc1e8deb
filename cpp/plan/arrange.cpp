// Two steps. The Grouper reads the operations in order and collects runs on one qubit and candidates for dense pairs
// into elements, the things that are scheduled. The scheduler then picks, round after round, all ready elements of the
// cheapest kind; elements commute where both are diagonal or their qubits are apart.
#include "plan/arrange.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <iterator>

namespace ketjet {

namespace {

struct Element {
    PassKind kind;
    Term term;
    Index local;
    Index diagonal;
    Turn pair_turn = Turn::none;  // of a dense pair that could be a turn, with phases around it, instead
};

// Where the diagonal operations at the front of a run end, and where those at its back begin: both are the run's end if
// it has no others.
struct Core {
    std::size_t begin;
    std::size_t end;
};
Core core_of(std::span<const OperationFacts> facts, std::span<const std::uint32_t> run) {
    const auto is_diagonal = [&](std::uint32_t index) { return facts[index].local == 0; };
    Core core{0, run.size()};
    while (core.begin < run.size() && is_diagonal(run[core.begin])) ++core.begin;
    while (core.end > core.begin && is_diagonal(run[core.end - 1])) --core.end;
    return core;
}

// A general turn with its phases.
std::array<Element, 3> parts_of(const Term& term, Index qubits) {
    return {{{PassKind::phases, {term.begin, term.end, Part::before}, 0, qubits},
             {PassKind::turns, {term.begin, term.end, Part::turn}, qubits, 0},
             {PassKind::phases, {term.begin, term.end, Part::after}, 0, qubits}}};
}

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
                if (options_.turn_pairs) elements_.back().pair_turn = pair_turn(closed_pair_);
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
        const auto [before, end] = core_of(facts_, run);
        const auto core = run.subspan(before, end - before);
        if (core.empty()) return emit(PassKind::phases, run, Part::whole, 0, qubit);
        const Turn turn = turn_of_run(core);
        if (turn == Turn::general) {
            const auto parts = parts_of(append(run), qubit);
            elements_.insert(elements_.end(), parts.begin(), parts.end());
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

    Turn pair_turn(std::span<const std::uint32_t> operations) const {
        const auto [begin, end] = core_of(facts_, operations);
        return pair_turn_of(facts_, operations.subspan(begin, end - begin));
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

class Scheduler {
 public:
    Scheduler(std::span<const OperationFacts> facts, std::vector<Element> elements, Sweep& sweep)
        : facts_(facts), sweep_(sweep), pending_(std::move(elements)) {}

    void run() {
        const Index all = qubits_of(pending_);
        while (first_ < pending_.size()) {
            const PassKind kind = find_ready(all);
            if (kind == PassKind::dense && turn_pairs()) continue;
            for (const std::size_t i : ready_) {
                if (i == ready_.front() || !shares_a_pass(kind)) sweep_.passes.push_back({kind, {}});
                if (i == ready_.front() && shares_a_pass(kind)) sweep_.passes.back().terms.reserve(ready_.size());
                sweep_.passes.back().terms.push_back(pending_[i].term);
            }
            drop_ready();
        }
    }

 private:
    // All ready elements of the first kind in order that any of them has.
    PassKind find_ready(Index all) {
        ready_.clear();
        PassKind kind = pending_[first_].kind;
        Index blocked = 0, blocked_local = 0;
        for (std::size_t i = first_; i < pending_.size() && blocked != all; ++i) {
            const Element& element = pending_[i];
            if ((blocked & (element.local | element.diagonal)) == 0 && (blocked_local & element.local) == 0) {
                if (ranks[static_cast<std::size_t>(element.kind)] < ranks[static_cast<std::size_t>(kind)]) {
                    kind = element.kind;
                    ready_.clear();
                }
                if (element.kind == kind) ready_.push_back(i);
                if (element.kind == PassKind::relabel) continue;  // goes first, in order, and so blocks nothing
            }
            blocked |= element.local;
            blocked_local |= element.diagonal;
        }
        return kind;
    }

    // What is done is dropped; the rest moves up behind it.
    void drop_ready() {
        std::size_t next = ready_.back() + 1;
        auto done = ready_.rbegin();
        for (std::size_t i = ready_.back() + 1; i-- > first_;) {
            if (done != ready_.rend() && *done == i) {
                ++done;
            } else {
                pending_[--next] = pending_[i];
            }
        }
        first_ = next;
    }

    // Makes turns of those ready pairs that can be turned, if they are worth it; false if not.
    bool turn_pairs() {
        int pairs = 0;
        bool general = false;
        for (const std::size_t i : ready_) {
            if (pending_[i].pair_turn != Turn::none) ++pairs;
            general = general || pending_[i].pair_turn == Turn::general;
        }
        if (!pair_turns_pay(pairs, general)) return false;
        std::vector<Element> elements;
        auto ready = ready_.begin();
        for (std::size_t i = first_; i < pending_.size(); ++i) {
            const bool is_ready = ready != ready_.end() && *ready == i;
            if (is_ready) ++ready;
            if (is_ready && pending_[i].pair_turn != Turn::none) {
                append_turned(pending_[i], elements);
            } else {
                elements.push_back(pending_[i]);
            }
        }
        pending_ = std::move(elements);
        first_ = 0;
        return true;
    }

    void append_turned(const Element& pair, std::vector<Element>& elements) const {
        const auto [begin, end, part] = pair.term;
        if (pair.pair_turn == Turn::general) {
            std::ranges::copy(parts_of(pair.term, pair.local), std::back_inserter(elements));
            return;
        }
        const Core core = core_of(facts_, sweep_.operations_of(pair.term));
        const auto first = begin + static_cast<std::uint32_t>(core.begin);
        const auto last = begin + static_cast<std::uint32_t>(core.end);
        if (begin < first) elements.push_back({PassKind::phases, {begin, first, Part::whole}, 0, pair.local});
        elements.push_back({PassKind::turns, {first, last, Part::whole}, pair.local, 0});
        if (last < end) elements.push_back({PassKind::phases, {last, end, Part::whole}, 0, pair.local});
    }

    std::span<const OperationFacts> facts_;
    Sweep& sweep_;
    std::vector<Element> pending_;
    std::size_t first_ = 0;  // what comes before has a pass
    std::vector<std::size_t> ready_;
};

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
    Scheduler(facts, std::move(elements), sweep).run();
    for (std::size_t pass = 0; pass < sweep.passes.size(); ++pass) {
        sweep.passes[pass].cost_ns = pass_cost_ns(facts, sweep, pass);
    }
}

}  // namespace ketjet
