// Two steps. The Grouper reads the operations in order and collects runs on one qubit and candidates for dense pairs
// into elements, the things that are scheduled. The scheduler then picks, round after round, all ready elements of the
// cheapest kind; elements commute where both are diagonal or their qubits are apart.
#include "plan/arrange.hpp"

#include <algorithm>
#include <array>
#include <bit>

#include "program/action.hpp"

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
    Grouper(const Program& program, const PlanOptions& options, Sweep& sweep, std::vector<Element>& elements)
        : program_(program), options_(options), operations_(sweep.operations), elements_(elements) {
        for (const int qubit : sweep.hot) hot_ |= bit(qubit);
    }

    void add(std::uint32_t index) {
        const auto [local, diagonal] = roles_of(index);
        const Index touched = local | diagonal;
        if (!options_.merge_passes) {
            emit(PassKind::single, {&index, 1}, Part::whole, local, diagonal);
            return;
        }
        if (touched != 0 && inside_open_pair(touched)) {
            pair_at(touched).push_back(index);
        } else if (options_.merge_dense && count_bits(touched) == 2 && local != 0 && (touched & ~hot_) == 0 &&
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

    const Operation& operation(std::uint32_t index) const { return program_.operations()[index]; }
    Roles roles_of(std::uint32_t index) const { return roles(program_, operation(index)); }
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
            const Group pair = std::move(pairs_[lowest(both)]);
            pairs_[lowest(both)].clear();
            if (dense_pays(program_, pair)) {
                emit(PassKind::dense, pair, Part::whole, both, 0);
            } else {
                for (const std::uint32_t index : pair) add_alone(index);
            }
        }
    }

    void add_alone(std::uint32_t index) {
        const auto [local, diagonal] = roles_of(index);
        const Index touched = local | diagonal;
        const bool relabelling = relabels(index);
        if (count_bits(touched) == 1 && (!relabelling || (open_runs_ & touched) != 0)) {
            runs_[lowest(touched)].push_back(index);
            open_runs_ |= touched;
            return;
        }
        close_runs(touched);
        const bool dense = local != 0 && diagonal == 0 && !relabelling && !is_rotation(index);
        const PassKind kind = local == 0    ? (relabelling ? PassKind::relabel : PassKind::phases)
                              : relabelling ? PassKind::relabel
                              : dense       ? PassKind::dense
                                            : PassKind::single;
        emit(kind, {&index, 1}, Part::whole, local, diagonal);
    }

    bool relabels(std::uint32_t index) const {
        return options_.block_frame && is_relabelling(program_, operation(index));
    }

    bool is_rotation(std::uint32_t index) const {
        if (std::holds_alternative<PauliRotationOperation>(operation(index))) return true;
        const auto* const gate = std::get_if<GateOperation>(&operation(index));
        return gate != nullptr && gate_table()[static_cast<std::size_t>(gate->gate)].structure == Structure::rotation;
    }

    void close_runs(Index touched) {
        for (Index closing = open_runs_ & touched; closing != 0; closing &= closing - 1) {
            const Group run = std::move(runs_[lowest(closing)]);
            runs_[lowest(closing)].clear();
            close_run(run, closing & (~closing + 1));
        }
        open_runs_ &= ~touched;
    }

    // Diagonals at either end of a run are phases of their own, unless the rest needs phases anyway.
    void close_run(std::span<const std::uint32_t> run, Index qubit) {
        const auto is_diagonal = [&](std::uint32_t index) { return roles_of(index).local == 0; };
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
            const auto* const gate = std::get_if<GateOperation>(&operation(index));
            const Structure structure =
                gate == nullptr ? Structure::dense : gate_table()[static_cast<std::size_t>(gate->gate)].structure;
            if (structure == Structure::flip) continue;
            const Turn turn = turn_of(program_, operation(index));
            const bool is_z = turn == Turn::none && is_relabelling(program_, operation(index));
            real = real && (turn == Turn::real || is_z);
            imaginary = imaginary && turn == Turn::imaginary;
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

    const Program& program_;
    const PlanOptions& options_;
    std::vector<std::uint32_t>& operations_;
    std::vector<Element>& elements_;
    Index hot_ = 0;
    std::array<Group, 64> runs_;
    std::array<Group, 64> pairs_;
    std::array<Index, 64> partner_{};
    Index open_runs_ = 0;
    Index open_pairs_ = 0;
};

// The cheapest kind goes first; what has a pass of its own anyway comes before what gains from waiting for company.
constexpr PassKind order_of_kinds[] = {PassKind::relabel, PassKind::dense, PassKind::single, PassKind::turns,
                                       PassKind::phases};

bool shares_a_pass(PassKind kind) { return kind != PassKind::dense && kind != PassKind::single; }

void schedule(std::vector<Element> pending, std::vector<Pass>& passes) {
    std::vector<std::size_t> ready;
    std::size_t first = 0;
    while (first < pending.size()) {
        ready.clear();
        Index blocked = 0, blocked_local = 0;
        for (std::size_t i = first; i < pending.size() && ~blocked != 0; ++i) {
            const Element& element = pending[i];
            if ((blocked & (element.local | element.diagonal)) == 0 && (blocked_local & element.local) == 0) {
                ready.push_back(i);
                if (element.kind == PassKind::relabel) continue;  // goes first, in order, and so blocks nothing
            }
            blocked |= element.local;
            blocked_local |= element.diagonal;
        }
        const auto kind = *std::ranges::find_if(order_of_kinds, [&](PassKind wanted) {
            return std::ranges::any_of(ready, [&](std::size_t i) { return pending[i].kind == wanted; });
        });
        std::erase_if(ready, [&](std::size_t i) { return pending[i].kind != kind; });
        for (const std::size_t i : ready) {
            if (passes.empty() || i == ready.front() || !shares_a_pass(kind)) passes.push_back({kind, {}});
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

void arrange_passes(const Program& program, const PlanOptions& options, Sweep& sweep) {
    const std::vector<std::uint32_t> operations = std::move(sweep.operations);
    sweep.operations.clear();
    sweep.operations.reserve(operations.size());
    std::vector<Element> elements;
    Grouper grouper(program, options, sweep, elements);
    for (const std::uint32_t operation : operations) grouper.add(operation);
    grouper.finish();
    schedule(std::move(elements), sweep.passes);
}

}  // namespace ketjet
