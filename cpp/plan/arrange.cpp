// Operations are grouped into elements (group.hpp). The Scheduler then picks, round after round, all ready elements of
// one kind, the first in the usual order or the one with which the rest is cheapest; elements commute where both are
// diagonal or their qubits are apart.
#include "plan/arrange.hpp"

#include <algorithm>
#include <array>
#include <bitset>
#include <cmath>
#include <iterator>
#include <optional>
#include <utility>
#include <vector>

#include "plan/group.hpp"
#include "plan/search_limits.hpp"

namespace ketjet {

namespace {

// Dense and single passes never take in more operations, so they run first; turns and phases do, so they wait.
// Relabelling costs next to nothing and goes before all of them.
constexpr ElementKind order_of_kinds[] = {ElementKind::relabel, ElementKind::dense, ElementKind::single,
                                          ElementKind::turns, ElementKind::phases};

// By kind: its place in that order.
constexpr auto ranks = [] {
    std::array<int, std::size(order_of_kinds)> result{};
    int rank = 0;
    for (const ElementKind kind : order_of_kinds) result[static_cast<std::size_t>(kind)] = rank++;
    return result;
}();

constexpr double min_gain = 1e-9;  // relative, above what rounding makes of equal costs

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

double cost_of(std::span<const Pass> passes, std::span<const OperationFacts> facts, const Sweep& sweep) {
    double cost = 0;
    for (const Pass& pass : passes) cost += pass_cost_ns(facts, sweep, pass);
    return cost;
}

// A layer counts twice if it has both turns and phases.
std::size_t count_kinds(std::span<const Pass> passes) {
    std::size_t count = passes.size();
    for (const Pass& pass : passes) {
        const auto* const layer = std::get_if<Layer>(&pass.work);
        if (layer != nullptr && !layer->turns.empty() && !layer->phases.empty()) ++count;
    }
    return count;
}

class Scheduler {
 public:
    Scheduler(std::span<const OperationFacts> facts, std::vector<Element> elements, const Sweep& sweep)
        : facts_(facts), sweep_(sweep), pending_(std::move(elements)), all_(qubits_of(pending_)) {}

    // Appends to passes that come before.
    void run(bool looks_ahead, std::vector<Pass>& passes) {
        while (first_ < pending_.size()) {
            find_ready({});
            take(looks_ahead ? cheapest_kind(passes) : kind_, passes);
        }
    }

 private:
    // All ready elements of the wanted kind, or else of the first kind in order that any of them has.
    void find_ready(std::optional<ElementKind> wanted) {
        const auto rank = [&](ElementKind kind) { return kind == wanted ? -1 : ranks[static_cast<std::size_t>(kind)]; };
        ready_.clear();
        ready_kinds_.reset();
        kind_ = pending_[first_].kind;
        Index blocked = 0, blocked_local = 0;
        for (std::size_t i = first_; i < pending_.size() && blocked != all_; ++i) {
            const Element& element = pending_[i];
            if ((blocked & (element.local | element.diagonal)) == 0 && (blocked_local & element.local) == 0) {
                ready_kinds_.set(static_cast<std::size_t>(element.kind));
                if (rank(element.kind) < rank(kind_)) {
                    kind_ = element.kind;
                    ready_.clear();
                }
                if (element.kind == kind_) ready_.push_back(i);
                if (element.kind == ElementKind::relabel) continue;  // goes first, in order, and so blocks nothing
            }
            blocked |= element.local;
            blocked_local |= element.diagonal;
        }
    }

    // Makes passes of the ready elements of a kind, or turns of ready pairs that are better turned.
    void take(ElementKind kind, std::vector<Pass>& passes) {
        if (kind != kind_) find_ready(kind);
        if (kind == ElementKind::dense && turn_pairs()) return;
        switch (kind) {
            case ElementKind::relabel:
                passes.push_back({Relabel{ready_terms()}});
                break;
            case ElementKind::turns:
                passes.push_back({Layer{ready_terms(), {}}});
                break;
            case ElementKind::phases:
                layer_for_phases(passes).phases = ready_terms();
                break;
            case ElementKind::dense:
                for (const Term& term : ready_terms()) passes.push_back({Dense{term}});
                break;
            case ElementKind::single:
                for (const Term& term : ready_terms()) passes.push_back({Single{term}});
                break;
        }
        drop_ready();
    }

    std::vector<Term> ready_terms() const {
        std::vector<Term> terms;
        terms.reserve(ready_.size());
        for (const std::size_t i : ready_) terms.push_back(pending_[i].term);
        return terms;
    }

    // The last pass, if it is a layer of turns without phases yet; else a new one.
    static Layer& layer_for_phases(std::vector<Pass>& passes) {
        auto* const last = passes.empty() ? nullptr : std::get_if<Layer>(&passes.back().work);
        if (last != nullptr && last->phases.empty()) return *last;
        return std::get<Layer>(passes.emplace_back(Pass{Layer{}}).work);
    }

    // The ready kind to take now if the usual order holds from then on. So the passes never cost more than in that
    // order. Method: rollout, Bertsekas, Tsitsiklis and Wu, J. Heuristics 3, 245 (1997).
    ElementKind cheapest_kind(std::span<const Pass> passes) const {
        if (kind_ == ElementKind::relabel || ready_kinds_.count() == 1) return kind_;
        ElementKind cheapest = kind_;
        double least = cost_with(kind_, passes);
        for (const ElementKind kind : order_of_kinds) {
            if (kind == kind_ || !ready_kinds_.test(static_cast<std::size_t>(kind))) continue;
            const double cost = cost_with(kind, passes);
            if (cost >= least * (1 - min_gain)) continue;
            cheapest = kind;
            least = cost;
        }
        return cheapest;
    }

    // Of what is pending, and of the pass before, to which phases may be joined.
    double cost_with(ElementKind kind, std::span<const Pass> passes) const {
        const std::span<const Pass> last = passes.last(std::min<std::size_t>(passes.size(), 1));
        std::vector<Pass> rest(last.begin(), last.end());
        Scheduler scheduler(*this);
        scheduler.take(kind, rest);
        scheduler.run(false, rest);
        return cost_of(rest, facts_, sweep_);
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
            if (pending_[i].pair_turn != TurnKind::none) ++pairs;
            general = general || pending_[i].pair_turn == TurnKind::general;
        }
        if (!pair_turns_pay(pairs, general)) return false;
        std::vector<Element> elements;
        auto ready = ready_.begin();
        for (std::size_t i = first_; i < pending_.size(); ++i) {
            const bool is_ready = ready != ready_.end() && *ready == i;
            if (is_ready) ++ready;
            if (is_ready && pending_[i].pair_turn != TurnKind::none) {
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
        if (pair.pair_turn == TurnKind::general) {
            std::ranges::copy(parts_of(pair.term, pair.local), std::back_inserter(elements));
            return;
        }
        const Core core = core_of(facts_, sweep_.operations_of(pair.term));
        const auto first = begin + static_cast<std::uint32_t>(core.begin);
        const auto last = begin + static_cast<std::uint32_t>(core.end);
        if (begin < first) elements.push_back({ElementKind::phases, {begin, first, Part::whole}, 0, pair.local});
        elements.push_back({ElementKind::turns, {first, last, Part::whole}, pair.local, 0});
        if (last < end) elements.push_back({ElementKind::phases, {last, end, Part::whole}, 0, pair.local});
    }

    std::span<const OperationFacts> facts_;
    const Sweep& sweep_;
    std::vector<Element> pending_;
    Index all_;
    std::size_t first_ = 0;  // what comes before has a pass
    ElementKind kind_ = ElementKind::relabel;
    std::vector<std::size_t> ready_;  // of this kind
    std::bitset<std::size(order_of_kinds)> ready_kinds_;
};

}  // namespace

void arrange_passes(std::span<const OperationFacts> facts, const PlanOptions& options, Sweep& sweep) {
    std::vector<Element> elements = group_operations(facts, options, sweep);
    Scheduler(facts, elements, sweep).run(false, sweep.passes);
    const double amplitudes = std::ldexp(1.0, count_bits(sweep.active_after()));
    const double seconds = 1e-9 * amplitudes * cost_of(sweep.passes, facts, sweep);
    if (options.search && looking_ahead_pays(seconds, elements.size() * count_kinds(sweep.passes))) {
        sweep.passes.clear();
        Scheduler(facts, std::move(elements), sweep).run(true, sweep.passes);
    }
    for (Pass& pass : sweep.passes) pass.cost_ns = pass_cost_ns(facts, sweep, pass);
}

}  // namespace ketjet
