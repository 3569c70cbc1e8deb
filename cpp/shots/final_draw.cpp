// Groups of many shots are sampled one by one; the shots of all others are drawn together, in walks through the state
// for a limited number of shots. Each group draws from its own streams.
#include "shots/final_draw.hpp"

#include <algorithm>
#include <bit>
#include <utility>

#include "base/random_streams.hpp"
#include "exec/collapse.hpp"
#include "plan/cost.hpp"
#include "readout/observable.hpp"
#include "readout/sampler.hpp"

namespace ketjet {

namespace {

PhiloxKey key_of(const PhiloxKey& key, std::uint64_t identity) {
    return {key[0] ^ static_cast<std::uint32_t>(identity), key[1] ^ static_cast<std::uint32_t>(identity >> 32)};
}

class FinalBits {
 public:
    explicit FinalBits(const Plan& plan) : measurements_(plan.final_measurements), known_(plan.known_reads) {
        for (const FinalMeasurement& m : measurements_) mask_ |= bit(m.qubit);
    }

    Index mask() const { return mask_; }
    std::vector<int> qubits() const {
        std::vector<int> ascending;
        for (Index rest = mask_; rest != 0; rest &= rest - 1) ascending.push_back(std::countr_zero(rest));
        return ascending;
    }
    // A row for shots of a group that found this basis state.
    void add(const Shots& shots, std::size_t group, Index basis, const Weight& weight, TreeOutcome& outcome) const {
        WeightTable& rows = outcome.rows;
        const auto memory = shots.memory_of(group);
        rows.keys.insert(rows.keys.end(), memory.begin(), memory.end());
        std::uint64_t* const row = rows.keys.data() + rows.keys.size() - memory.size();
        const auto put = [&](std::int32_t clbit, std::uint64_t value) {
            std::uint64_t& word = row[clbit / 64];
            word = (word & ~bit(clbit % 64)) | value << (clbit % 64);
        };
        for (const FinalMeasurement& m : measurements_) put(m.clbit, basis >> m.qubit & 1);
        for (const KnownRead& read : known_) put(read.clbit, read.value ? 1 : 0);
        rows.weights.push_back(weight);
        if (shots.ways_of(group) != nullptr) rows.ways.push_back(shots.ways_of(group));
    }

 private:
    const std::vector<FinalMeasurement>& measurements_;
    const std::vector<KnownRead>& known_;
    Index mask_ = 0;
};

struct Draw {
    double threshold;
    std::size_t group;
};

// Adds what is found for the draws, and forgets them.
template <class T>
void find_draws(const FinalBits& bits, const StateVector<T>& state, const std::vector<double>& chunk_sums,
                const Shots& shots, OutcomesVector<Draw>& draws, TreeOutcome& outcome, const StopToken& stop) {
    Poll poll(stop);
    std::ranges::sort(draws, [&](const Draw& a, const Draw& b) {
        poll();
        return a.threshold != b.threshold ? a.threshold < b.threshold : a.group < b.group;
    });
    OutcomesVector<double> thresholds;
    for (const Draw& draw : draws) thresholds.push_back(draw.threshold);
    const OutcomesVector<Index> found = sample_at(state, chunk_sums, thresholds);
    OutcomesVector<std::pair<std::size_t, Index>> hits;  // groups, and what they find
    for (std::size_t i = 0; i < draws.size(); ++i) hits.emplace_back(draws[i].group, found[i] & bits.mask());
    std::ranges::sort(hits, [&](const auto& a, const auto& b) {
        poll();
        return a < b;
    });
    for (auto hit = hits.begin(); hit != hits.end();) {
        poll();
        const auto next = std::ranges::find_if(hit, hits.end(), [&](const auto& other) { return other != *hit; });
        bits.add(shots, hit->first, hit->second, {next - hit, 0}, outcome);
        hit = next;
    }
    draws.clear();
}

template <class T>
void draw_shots(const FinalBits& bits, const StateVector<T>& state, const Shots& shots, const PhiloxKey& key,
                TreeOutcome& outcome, const RunContext& context) {
    const StateNorms norms{chunk_probabilities(state, context)};
    const double total = pairwise_sum(norms.chunks);
    const double one_by_one = std::min(many_shots, shots_per_amplitude * static_cast<double>(state.stored_size()));
    OutcomesVector<Draw> draws;
    for (std::size_t group = 0; group < shots.groups(); ++group) {
        const std::int64_t count = shots.weight_of(group).shots;
        const std::uint64_t identity = shots.identity_of(group);
        const int words = static_cast<int>(shots.memory_of(group).size());
        context.stop.throw_if_stopped();
        if (static_cast<double>(count) > one_by_one) {
            for (const BasisCount& found : sample(state, norms, count, key_of(key, identity), context)) {
                bits.add(shots, group, found.basis, {found.count, 0}, outcome);
            }
            outcome.shorten(words, context.stop);
            continue;
        }
        RandomStream random(key, identity, random_streams::final_bits);
        for (std::int64_t shot = 0; shot < count; ++shot) draws.push_back({random.uniform() * total, group});
        if (draws.size() < most_draws) continue;
        find_draws(bits, state, norms.chunks, shots, draws, outcome, context.stop);
        outcome.shorten(words, context.stop);
    }
    find_draws(bits, state, norms.chunks, shots, draws, outcome, context.stop);
}

template <class T>
void list_probabilities(const FinalBits& bits, const StateVector<T>& state, const Shots& shots, double floor,
                        TreeOutcome& outcome, const RunContext& context) {
    const SavesVector<double> probabilities = marginal_probabilities(state, bits.qubits(), context);
    const double total = pairwise_sum(probabilities);
    if (context.drift != nullptr) context.drift->note(total);
    Poll poll(context.stop);
    for (std::size_t group = 0; group < shots.groups(); ++group) {
        for (Index value = 0; value < probabilities.size(); ++value) {
            poll();
            const double weight = shots.weight_of(group).probability * probabilities[value] / total;
            if (weight > 0 && weight >= floor) {
                bits.add(shots, group, deposit_bits(value, bits.mask()), {0, weight}, outcome);
            } else {
                outcome.dropped += weight;
            }
        }
    }
}

}  // namespace

void TreeOutcome::add(TreeOutcome other, int words, const StopToken& stop) {
    readouts.add(other.readouts);
    dropped += other.dropped;
    if (rows.weights.empty()) {
        rows = std::move(other.rows);
        once = other.once;
    } else {
        rows.keys.insert(rows.keys.end(), other.rows.keys.begin(), other.rows.keys.end());
        rows.weights.insert(rows.weights.end(), other.rows.weights.begin(), other.rows.weights.end());
        rows.ways.insert(rows.ways.end(), other.rows.ways.begin(), other.rows.ways.end());
    }
    shorten(words, stop);
}

void TreeOutcome::shorten(int words, const StopToken& stop) {
    if (rows.weights.size() < 2 * once + most_draws) return;
    rows = tabulate(std::move(rows), words, stop);
    once = rows.weights.size();
}

template <class T>
void draw_final(const Plan& plan, const StateVector<T>& state, const Shots& shots, const RunRequest& request,
                TreeOutcome& outcome, const RunContext& context) {
    const FinalBits bits(plan);
    if (bits.mask() == 0) {
        Poll poll(context.stop);
        for (std::size_t group = 0; group < shots.groups(); ++group) {
            poll();
            bits.add(shots, group, 0, shots.weight_of(group), outcome);
        }
    } else if (request.exact) {
        list_probabilities(bits, state, shots, request.floor, outcome, context);
    } else {
        draw_shots(bits, state, shots, request.key, outcome, context);
    }
}

template void draw_final<float>(const Plan&, const StateVector<float>&, const Shots&, const RunRequest&, TreeOutcome&,
                                const RunContext&);
template void draw_final<double>(const Plan&, const StateVector<double>&, const Shots&, const RunRequest&, TreeOutcome&,
                                 const RunContext&);

}  // namespace ketjet
