// A beam search: from each state of it, some sets of global qubits are tried, each made better by exchanging single
// qubits while more operations can run; the states with the least work left go on. What can run without moving
// amplitudes along global qubits is found by one scan with two masks, as in the Stager.
#include "plan/segments.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <memory>
#include <stdexcept>
#include <tuple>

namespace ketjet {

namespace {

constexpr std::size_t beam_width = 32;
constexpr std::size_t windows_tried = 6;
constexpr int random_seeds = 16;
constexpr double min_weight_ns = 0.02;  // so that free operations count too

// Sets of global qubits that follow each other, with what each lets run.
struct Node {
    std::shared_ptr<const Node> before;
    Segment segment;
    std::vector<std::uint32_t> left;  // operations
    double weight_left;
    double exchanged;  // amplitudes, so far
    Index active;
};

struct Choice {
    std::shared_ptr<const Node> from;
    Index global;
    double weight_left;
    double exchanged;
};

// Numbers that look random and are the same everywhere.
class Scatter {
 public:
    std::size_t below(std::size_t end) {
        state_ = state_ * 6364136223846793005u + 1442695040888963407u;
        return static_cast<std::size_t>((state_ >> 33) % end);
    }

 private:
    std::uint64_t state_ = 1;
};

class SegmentSearch {
 public:
    SegmentSearch(std::span<const OperationFacts> facts, const SegmentsWanted& wanted)
        : facts_(facts), wanted_(wanted), budget_(wanted.looks) {
        for (int qubit = wanted.pinned_qubits; qubit < wanted.num_qubits; ++qubit) movable_.push_back(qubit);
    }

    std::vector<Segment> run(std::span<const std::uint32_t> operations) {
        if (operations.empty())
            return {{wanted_.before.value_or(all() & ~low_bits(wanted_.num_qubits - wanted_.global_qubits)), {}}};
        auto root = std::make_shared<Node>();
        root->left.assign(operations.begin(), operations.end());
        root->active = wanted_.active;
        for (const std::uint32_t index : operations) root->weight_left += weight(index);
        std::vector<std::shared_ptr<const Node>> beam{root};
        std::shared_ptr<const Node> best;
        double least = std::numeric_limits<double>::infinity();
        while (!beam.empty()) {
            const bool was_finished = best != nullptr;
            std::vector<std::shared_ptr<const Node>> next;
            for (const Choice& choice : choices_from(beam)) {
                auto node = take(choice);
                if (!node->left.empty()) {
                    next.push_back(std::move(node));
                } else if (const double cost = node->exchanged + cost_of_end(*node); cost < least) {
                    least = cost;
                    best = std::move(node);
                }
            }
            if (was_finished) break;
            beam = std::move(next);
        }
        if (best == nullptr) throw std::length_error("an operation is on more qubits than one rank has amplitudes of");
        return segments_of(*best);
    }

 private:
    double weight(std::uint32_t index) const { return min_weight_ns + facts_[index].cost_ns; }
    Index all() const { return low_bits(wanted_.num_qubits); }

    static std::vector<Segment> segments_of(const Node& last) {
        std::vector<Segment> segments;
        for (const Node* node = &last; node->before != nullptr; node = node->before.get()) {
            segments.push_back(node->segment);
        }
        std::ranges::reverse(segments);
        return segments;
    }

    double cost_of_end(const Node& node) const {
        if (!wanted_.after) return 0;
        return exchanged_amplitudes(node.active, all() & ~*wanted_.after, node.segment.global & ~*wanted_.after);
    }

    // Those that are worth going on with, the one with the least work left first. Each lets something run.
    std::vector<Choice> choices_from(std::span<const std::shared_ptr<const Node>> beam) {
        std::vector<Choice> choices;
        for (const auto& node : beam) {
            const bool is_first = node->before == nullptr;
            const std::optional<Index> before = is_first ? wanted_.before : std::optional(node->segment.global);
            std::vector<Index> sets = sets_to_try(*node, before);
            std::ranges::sort(sets);
            sets.erase(std::unique(sets.begin(), sets.end()), sets.end());
            for (const Index global : sets) {
                const double done = work(node->left, global);
                const Index incoming = before ? *before & ~global : 0;
                if (done > 0) {
                    choices.push_back(
                        {node, global, node->weight_left - done,
                         node->exchanged + exchanged_amplitudes(node->active, all() & ~global, incoming)});
                }
            }
        }
        std::ranges::stable_sort(choices, {},
                                 [](const Choice& choice) { return std::tuple(choice.weight_left, choice.exchanged); });
        choices.resize(std::min(choices.size(), budget_ > 0 ? beam_width : 1));
        return choices;
    }

    std::vector<Index> sets_to_try(const Node& node, std::optional<Index> before) {
        const auto count = static_cast<std::size_t>(wanted_.global_qubits);
        std::array<std::size_t, 64> first_use;
        first_use.fill(node.left.size());
        std::array<double, 64> use{};
        for (std::size_t i = node.left.size(); i-- > 0;) {
            for (Index rest = facts_[node.left[i]].local; rest != 0; rest &= rest - 1) {
                const auto qubit = static_cast<std::size_t>(std::countr_zero(rest));
                first_use[qubit] = i;
                use[qubit] += weight(node.left[i]);
            }
        }
        const auto most_by = [&](auto key) {  // the highest of those that are alike
            std::vector<int> order(movable_.rbegin(), movable_.rend());
            std::ranges::stable_sort(order, std::ranges::greater{}, key);
            return mask_of(std::span(order).first(count));
        };
        const auto place = [](int qubit) { return static_cast<std::size_t>(qubit); };
        std::vector<Index> seeds{most_by([&](int qubit) { return first_use[place(qubit)]; })};
        if (budget_ > 0) {
            seeds.push_back(most_by([&](int qubit) { return -use[place(qubit)]; }));
            add_windows(node, count, seeds);
            for (int i = 0; i < random_seeds; ++i) seeds.push_back(random_set(count));
        }
        for (Index& set : seeds) set = like_before(node.left, climb(node.left, set), before);
        if (before) seeds.push_back(*before);  // where nothing has run yet, this needs no exchange
        return seeds;
    }

    // The best runs of neighbours.
    void add_windows(const Node& node, std::size_t count, std::vector<Index>& seeds) {
        std::vector<std::pair<double, Index>> windows;
        for (std::size_t begin = 0; begin + count <= movable_.size(); ++begin) {
            const Index set = mask_of(std::span(movable_).subspan(begin, count));
            windows.emplace_back(-work(node.left, set), set);
        }
        std::ranges::sort(windows);
        for (std::size_t i = 0; i < std::min(windows.size(), windows_tried); ++i) seeds.push_back(windows[i].second);
    }

    Index random_set(std::size_t count) {
        std::vector<int> order = movable_;
        for (std::size_t i = 0; i < count; ++i) std::swap(order[i], order[i + scatter_.below(order.size() - i)]);
        return mask_of(std::span(order).first(count));
    }

    // The weight of the operations that can run while these qubits are global.
    double work(std::span<const std::uint32_t> operations, Index global) {
        Index blocked = 0, blocked_local = 0;
        double work = 0;
        std::size_t i = 0;
        for (; i < operations.size() && blocked != all(); ++i) {
            const auto& [local, diagonal] = std::pair(facts_[operations[i]].local, facts_[operations[i]].diagonal);
            if (may_run(local, diagonal, global, blocked, blocked_local)) {
                work += weight(operations[i]);
            } else {
                blocked |= local;
                blocked_local |= diagonal;
            }
        }
        budget_ -= static_cast<std::int64_t>(i);
        return work;
    }
    static bool may_run(Index local, Index diagonal, Index global, Index blocked, Index blocked_local) {
        return ((blocked & (local | diagonal)) | ((blocked_local | global) & local)) == 0;
    }

    // Exchanges single qubits, each time the two that let the most run.
    Index climb(std::span<const std::uint32_t> operations, Index global) {
        double most = work(operations, global);
        for (bool better = true; better && budget_ > 0;) {
            better = false;
            const Index start = global;
            for (Index out = start; out != 0; out &= out - 1) {
                const Index kept = start & ~lowest_bit(out);
                if (work(operations, kept) <= most) continue;  // nothing that takes its place can do better
                for (const int in : movable_) {
                    if ((start & bit(in)) != 0 || budget_ <= 0) continue;
                    const double found = work(operations, kept | bit(in));
                    if (found <= most) continue;
                    most = found;
                    global = kept | bit(in);
                    better = true;
                }
            }
        }
        return global;
    }

    // Keeps qubits global that were it before, as far as this lets no less run: fewer have to be exchanged.
    Index like_before(std::span<const std::uint32_t> operations, Index global, std::optional<Index> before) {
        if (!before || budget_ <= 0) return global;
        const double needed = work(operations, global);
        for (Index added = global & ~*before; added != 0; added &= added - 1) {
            for (Index old = *before & ~global; old != 0; old &= old - 1) {
                const Index changed = (global & ~lowest_bit(added)) | lowest_bit(old);
                if (work(operations, changed) < needed) continue;
                global = changed;
                break;
            }
        }
        return global;
    }

    std::shared_ptr<Node> take(const Choice& choice) const {
        auto node = std::make_shared<Node>(
            Node{choice.from, {choice.global, {}}, {}, 0, choice.exchanged, choice.from->active});
        Index blocked = 0, blocked_local = 0;
        for (const std::uint32_t index : choice.from->left) {
            const OperationFacts& facts = facts_[index];
            if (may_run(facts.local, facts.diagonal, choice.global, blocked, blocked_local)) {
                node->segment.operations.push_back(index);
                node->active |= facts.local;
            } else {
                blocked |= facts.local;
                blocked_local |= facts.diagonal;
                node->left.push_back(index);
                node->weight_left += weight(index);
            }
        }
        return node;
    }

    std::span<const OperationFacts> facts_;
    const SegmentsWanted& wanted_;
    std::int64_t budget_;
    std::vector<int> movable_;
    Scatter scatter_;
};

}  // namespace

double exchanged_amplitudes(Index active, Index local, Index incoming) {
    const int fetched = count_bits(incoming & active);
    return std::ldexp(1.0, count_bits(active & local)) * (1 - std::ldexp(1.0, -fetched));
}

std::vector<Segment> cut_into_segments(std::span<const OperationFacts> facts, std::span<const std::uint32_t> operations,
                                       const SegmentsWanted& wanted) {
    return SegmentSearch(facts, wanted).run(operations);
}

}  // namespace ketjet
