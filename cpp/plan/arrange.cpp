// Operations are grouped into elements (group.hpp). The Scheduler then picks, round after round, all ready elements of
// the cheapest kind; elements commute where both are diagonal or their qubits are apart.
#include "plan/arrange.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>
#include <vector>

#include "plan/group.hpp"

namespace ketjet {

namespace {

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
        const std::uint32_t begin = pair.term.begin, end = pair.term.end;
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
    Scheduler(facts, group_operations(facts, options, sweep), sweep).run();
    for (std::size_t pass = 0; pass < sweep.passes.size(); ++pass) {
        sweep.passes[pass].cost_ns = pass_cost_ns(facts, sweep, pass);
    }
}

}  // namespace ketjet
