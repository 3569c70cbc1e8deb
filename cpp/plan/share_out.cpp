#include "plan/share_out.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>
#include <stdexcept>
#include <utility>

#include "plan/liveness.hpp"
#include "plan/program_editor.hpp"
#include "plan/rewrite.hpp"
#include "plan/search_limits.hpp"
#include "plan/segments.hpp"

namespace ketjet {

namespace {

constexpr double looked_at_seconds = 1.5e-9;  // an operation, by the search for segments
constexpr std::int64_t least_looks = 1 << 18, most_looks = std::int64_t{1} << 30;  // the latter take 1.6 s

// What of a program runs where.
struct Parts {
    std::vector<std::uint32_t> unitary;
    std::vector<std::uint32_t> final;  // measurements that are read from the final state
};

Parts parts_of(const Program& program, std::span<const OperationFacts> facts, const PlanRequest& request) {
    const bool only_outcomes = wanted_of(program, request) != Wanted::state;
    FinalReads final{std::vector<bool>(facts.size()), {}};
    if (request.from_zero) final = find_final_reads(program, facts, ControlFlow(program), only_outcomes);
    Parts parts;
    Index zero = request.from_zero ? ~Index{0} : request.fresh;
    for (std::uint32_t i = 0; i < facts.size(); ++i) {
        const Operation& operation = program.operations()[i];
        const bool resets = std::holds_alternative<ResetOperation>(operation);
        if (resets && (facts[i].touched() & ~zero) == 0) continue;
        zero &= ~facts[i].touched();
        if (final.is_final[i]) {
            parts.final.push_back(i);
        } else if (is_unitary(operation)) {
            parts.unitary.push_back(i);
        } else {
            throw std::invalid_argument("they measure at the end only, and have no saves and no control flow");
        }
    }
    return parts;
}

// How many of the lowest qubits can stay local, for the widest operation to have room beside them.
int pinned_qubits(std::span<const OperationFacts> facts, std::span<const std::uint32_t> operations, int wanted,
                  int local_qubits) {
    int pinned = std::min(wanted, local_qubits);
    for (const std::uint32_t index : operations) {
        while (pinned > 0 && count_bits(facts[index].local | low_bits(pinned)) > local_qubits) --pinned;
    }
    return pinned;
}

// By the predicted time on one thread.
std::int64_t looks(std::span<const OperationFacts> facts, int local_qubits, const PlanRequest& request) {
    if (!request.options.search) return 0;
    double seconds = 0;
    for (const OperationFacts& operation : facts) seconds += 1e-9 * std::ldexp(operation.cost_ns, local_qubits);
    const double share = std::min(search_share * seconds / looked_at_seconds, static_cast<double>(most_looks));
    return std::max(static_cast<std::int64_t>(share), least_looks);
}

// Writes the program segment by segment.
class SharedProgram {
 public:
    SharedProgram(const RewrittenProgram& source, int global_qubits)
        : source_(source),
          editor_(source),
          local_qubits_(source.num_qubits - global_qubits),
          places_(static_cast<std::size_t>(source.num_qubits)) {
        std::iota(places_.begin(), places_.end(), 0);
    }

    // While all amplitudes are those of |0...0>, qubits change places for nothing.
    void place_first(Index global) {
        Index out = global & low_bits(local_qubits_), in = ~global & ~low_bits(local_qubits_);
        for (; out != 0; out &= out - 1, in &= in - 1) std::swap(place(lowest(out)), place(lowest(in)));
    }

    void add(std::span<const std::uint32_t> operations) {
        for (const std::uint32_t index : operations) {
            editor_.add_renamed(index, [&](std::int32_t qubit) { return place(qubit); });
            order_.push_back(index);
            origin_ = source_.origins[index];
        }
    }

    // Makes these qubits global, for operations that follow.
    void exchange(Index global) { exchange(pairs_for(global)); }

    // Brings every qubit back to its own place. What can be done within the shares comes first, where sweeps that there
    // are anyway do it.
    void restore() {
        const std::vector<Pair> pairs = pairs_for(low_bits(source_.num_qubits) & ~low_bits(local_qubits_));
        for (const auto& [outgoing, incoming] : pairs) put(outgoing, incoming);
        for (int qubit = 0; qubit < local_qubits_; ++qubit) {
            if (place(qubit) < local_qubits_) put(qubit, qubit);
        }
        exchange(pairs);
        for (int qubit = local_qubits_; qubit < source_.num_qubits; ++qubit) {
            const std::uint32_t begin = size();
            put(qubit, qubit);
            if (size() > begin) exchanges_.push_back({begin, size()});
        }
    }

    RewrittenProgram finish() {
        RewrittenProgram result = editor_.finish(source_.num_qubits);
        if (source_.reordering != nullptr) {
            for (std::uint32_t& index : order_) {
                if (index != Reordering::added) index = source_.reordering->order[index];
            }
        }
        const Program& before = source_.reordering != nullptr ? source_.reordering->before : source_.program;
        result.reordering = std::make_shared<const Reordering>(Reordering{before, std::move(order_)});
        result.global_qubits = source_.num_qubits - local_qubits_;
        result.exchanges = std::move(exchanges_);
        result.places = std::move(places_);
        return result;
    }

 private:
    static int lowest(Index qubits) { return std::countr_zero(qubits); }
    std::int32_t& place(int qubit) { return places_[static_cast<std::size_t>(qubit)]; }
    std::uint32_t size() const { return static_cast<std::uint32_t>(order_.size()); }

    // A qubit that becomes global, and the one that becomes local in its place.
    using Pair = std::pair<int, int>;

    // One that has its own place among the global ones takes that if it can.
    std::vector<Pair> pairs_for(Index global) {
        Index incoming = 0, outgoing = 0;
        for (int qubit = 0; qubit < source_.num_qubits; ++qubit) {
            const bool is_global = place(qubit) >= local_qubits_;
            if (is_global && (global & bit(qubit)) == 0) incoming |= bit(qubit);
            if (!is_global && (global & bit(qubit)) != 0) outgoing |= bit(qubit);
        }
        std::vector<Pair> pairs;
        for (; outgoing != 0; outgoing &= outgoing - 1) {
            const int out = lowest(outgoing);
            int in = lowest(incoming);
            for (Index rest = incoming; rest != 0; rest &= rest - 1) {
                if (place(lowest(rest)) == out) in = lowest(rest);
            }
            pairs.emplace_back(out, in);
            incoming &= ~bit(in);
        }
        return pairs;
    }

    void exchange(const std::vector<Pair>& pairs) {
        if (pairs.empty()) return;
        const std::uint32_t begin = size();
        for (const auto& [outgoing, incoming] : pairs) add_swap(outgoing, incoming);
        exchanges_.push_back({begin, size()});
    }

    // Lets a qubit and the one that is in this place change places.
    void put(int qubit, std::int32_t where) {
        if (place(qubit) == where) return;
        add_swap(qubit, static_cast<int>(std::ranges::find(places_, where) - places_.begin()));
    }

    void add_swap(int first, int second) {
        const std::int32_t swapped[] = {place(first), place(second)};
        editor_.add(GateOperation{swap_row, editor_.wires({}, 0, swapped), 0}, origin_);
        order_.push_back(Reordering::added);
        std::swap(place(first), place(second));
    }

    const RewrittenProgram& source_;
    ProgramEditor editor_;
    int local_qubits_;
    std::vector<std::int32_t> places_;  // by qubit
    std::vector<std::uint32_t> order_;
    std::vector<ExchangedQubits> exchanges_;
    std::uint32_t origin_ = 0;  // of the last operation
};

}  // namespace

RewrittenProgram share_out(RewrittenProgram source, const PlanRequest& request) {
    const Sharing& sharing = request.sharing;
    const int local = source.num_qubits - sharing.global_qubits;
    if (sharing.global_qubits == 0 || local < minimum_state_qubits) return source;
    const std::vector<OperationFacts> facts = operation_facts(source.program);
    const Parts parts = parts_of(source.program, facts, request);
    const Index all = low_bits(source.num_qubits), highest = all & ~low_bits(local);
    SegmentsWanted wanted{source.num_qubits,
                          sharing.global_qubits,
                          pinned_qubits(facts, parts.unitary, sharing.pinned_qubits, local),
                          request.from_zero ? 0 : all & ~request.fresh,
                          std::nullopt,
                          std::nullopt,
                          looks(facts, local, request)};
    if (!request.from_zero) wanted.before = wanted.after = highest;
    const std::vector<Segment> segments = cut_into_segments(facts, parts.unitary, wanted);
    SharedProgram shared(source, sharing.global_qubits);
    if (request.from_zero) shared.place_first(segments.front().global);
    for (const Segment& segment : segments) {
        shared.exchange(segment.global);
        shared.add(segment.operations);
    }
    if (!request.from_zero) shared.restore();
    shared.add(parts.final);
    return shared.finish();
}

}  // namespace ketjet
