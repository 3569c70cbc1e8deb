// Groups of many shots are sampled one by one; the shots of all others are drawn together, in walks through the state
// for a limited number of shots. Each group draws from its own streams.
#include "exec/final_draw.hpp"

#include <algorithm>
#include <utility>

#include "exec/collapse.hpp"
#include "exec/sampler.hpp"
#include "plan/cost.hpp"

namespace ketjet {

namespace {

constexpr std::uint32_t final_stream = 0xfffffff2;  // the operation index of all final measurements together

PhiloxKey key_of(const PhiloxKey& key, std::uint64_t identity) {
    return {key[0] ^ static_cast<std::uint32_t>(identity), key[1] ^ static_cast<std::uint32_t>(identity >> 32)};
}

class FinalBits {
 public:
    explicit FinalBits(const Plan& plan) : measurements_(plan.final_measurements), known_(plan.known_reads) {
        for (const FinalMeasurement& m : measurements_) qubits_ |= bit(m.qubit);
    }

    Index qubits() const { return qubits_; }
    void add(std::span<const std::uint64_t> memory, Index basis, double weight, TreeOutcome& outcome) const {
        const std::size_t begin = outcome.memory.size();
        outcome.memory.insert(outcome.memory.end(), memory.begin(), memory.end());
        const auto put = [&](std::int32_t clbit, std::uint64_t value) {
            std::uint64_t& word = outcome.memory[begin + static_cast<std::size_t>(clbit / 64)];
            word = (word & ~bit(clbit % 64)) | value << (clbit % 64);
        };
        for (const FinalMeasurement& m : measurements_) put(m.clbit, basis >> m.qubit & 1);
        for (const KnownRead& read : known_) put(read.clbit, read.value ? 1 : 0);
        outcome.weights.push_back(weight);
    }

 private:
    const std::vector<FinalMeasurement>& measurements_;
    const std::vector<KnownRead>& known_;
    Index qubits_ = 0;
};

struct Draw {
    double threshold;
    std::size_t group;
};

// Adds what is found for the draws, and forgets them.
template <class T>
void find_draws(const FinalBits& bits, const StateVector<T>& state, const std::vector<double>& chunk_sums,
                const Shots& shots, std::vector<Draw>& draws, TreeOutcome& outcome) {
    std::ranges::sort(draws, [](const Draw& a, const Draw& b) {
        return a.threshold != b.threshold ? a.threshold < b.threshold : a.group < b.group;
    });
    std::vector<double> thresholds;
    for (const Draw& draw : draws) thresholds.push_back(draw.threshold);
    const std::vector<Index> found = sample_at(state, chunk_sums, thresholds);
    std::vector<std::pair<std::size_t, Index>> hits;  // groups, and what they find
    for (std::size_t i = 0; i < draws.size(); ++i) hits.emplace_back(draws[i].group, found[i] & bits.qubits());
    std::ranges::sort(hits);
    for (auto hit = hits.begin(); hit != hits.end();) {
        const auto next = std::ranges::find_if(hit, hits.end(), [&](const auto& other) { return other != *hit; });
        bits.add(shots.memory_of(hit->first), hit->second, static_cast<double>(next - hit), outcome);
        hit = next;
    }
    draws.clear();
}

template <class T>
void draw_shots(const FinalBits& bits, const StateVector<T>& state, const Shots& shots, const PhiloxKey& key,
                TreeOutcome& outcome, const RunContext& context) {
    const std::vector<double> chunk_sums = chunk_probabilities(state, context);
    const double total = pairwise_sum(chunk_sums);
    const double one_by_one = std::min(many_shots, shots_per_amplitude * static_cast<double>(state.stored_size()));
    std::vector<Draw> draws;
    for (std::size_t group = 0; group < shots.groups(); ++group) {
        const auto count = static_cast<std::int64_t>(shots.weight_of(group));
        const std::uint64_t identity = shots.identity_of(group);
        const int words = static_cast<int>(shots.memory_of(group).size());
        context.stop.throw_if_stopped();
        if (shots.weight_of(group) > one_by_one) {
            for (const BasisCount& found : sample(state, chunk_sums, count, key_of(key, identity), context)) {
                bits.add(shots.memory_of(group), found.basis, static_cast<double>(found.count), outcome);
            }
            outcome.shorten(words, context.stop);
            continue;
        }
        RandomStream random(key, identity, final_stream);
        for (std::int64_t shot = 0; shot < count; ++shot) draws.push_back({random.uniform() * total, group});
        if (draws.size() < most_draws) continue;
        find_draws(bits, state, chunk_sums, shots, draws, outcome);
        outcome.shorten(words, context.stop);
    }
    find_draws(bits, state, chunk_sums, shots, draws, outcome);
}

template <class T>
void list_probabilities(const FinalBits& bits, const StateVector<T>& state, const Shots& shots, double floor,
                        TreeOutcome& outcome, const RunContext& context) {
    std::vector<double> probabilities(bit(count_bits(bits.qubits())));
    for (Index i = 0; i < state.size(); ++i) {
        if (i % (1 << 16) == 0) context.stop.throw_if_stopped();
        probabilities[extract_bits(i, bits.qubits())] += std::norm(static_cast<Complex>(state.amplitudes()[i]));
    }
    const double total = pairwise_sum(probabilities);
    if (context.drift != nullptr) context.drift->note(total);
    for (std::size_t group = 0; group < shots.groups(); ++group) {
        for (Index value = 0; value < probabilities.size(); ++value) {
            const double weight = shots.weight_of(group) * probabilities[value] / total;
            if (weight > 0 && weight >= floor) {
                bits.add(shots.memory_of(group), deposit_bits(value, bits.qubits()), weight, outcome);
            } else {
                outcome.dropped += weight;
            }
        }
    }
}

}  // namespace

void TreeOutcome::shorten(int words, const StopToken& stop) {
    if (weights.size() < 2 * once + most_draws) return;
    WeightTable table = tabulate(memory, weights, words, stop);
    memory = std::move(table.keys);
    weights = std::move(table.weights);
    once = weights.size();
}

template <class T>
void draw_final(const Plan& plan, const StateVector<T>& state, const Shots& shots, const DivisionRule& rule,
                TreeOutcome& outcome, const RunContext& context) {
    const FinalBits bits(plan);
    if (bits.qubits() == 0) {
        for (std::size_t group = 0; group < shots.groups(); ++group) {
            bits.add(shots.memory_of(group), 0, shots.weight_of(group), outcome);
        }
    } else if (rule.exact) {
        list_probabilities(bits, state, shots, rule.floor, outcome, context);
    } else {
        draw_shots(bits, state, shots, rule.key, outcome, context);
    }
}

template void draw_final<float>(const Plan&, const StateVector<float>&, const Shots&, const DivisionRule&, TreeOutcome&,
                                const RunContext&);
template void draw_final<double>(const Plan&, const StateVector<double>&, const Shots&, const DivisionRule&,
                                 TreeOutcome&, const RunContext&);

}  // namespace ketjet
