// Groups of many shots are sampled one by one; the shots of all others are drawn together, in walks through the state
// for a limited number of shots. Each group draws from its own streams.
#include "shots/final_draw.hpp"

#include <algorithm>
#include <functional>
#include <numeric>
#include <utility>

#include "base/random_streams.hpp"
#include "exec/state_norms.hpp"
#include "readout/bit_mover.hpp"
#include "readout/probabilities.hpp"
#include "readout/sampler.hpp"
#include "shots/tuning.hpp"
#include "state/chunks.hpp"

namespace ketjet {

namespace {

PhiloxKey key_of(const PhiloxKey& key, std::uint64_t identity) {
    return {key[0] ^ static_cast<std::uint32_t>(identity), key[1] ^ static_cast<std::uint32_t>(identity >> 32)};
}

// What the final measurements, and what is known of others, write into the classical bits. Where several write one bit,
// the last one counts.
class FinalBits {
 public:
    explicit FinalBits(const Plan& plan) {
        int clbits = 0;
        for (const FinalMeasurement& m : plan.final_measurements) {
            mask_ |= bit(m.qubit);
            std::erase_if(moves_, [&](const BitMove& move) { return move.clbit == m.clbit; });
            moves_.push_back({m.qubit, m.clbit});
            clbits = std::max(clbits, m.clbit + 1);
        }
        for (const KnownRead& read : plan.known_reads) {
            std::erase_if(moves_, [&](const BitMove& move) { return move.clbit == read.clbit; });
            clbits = std::max(clbits, read.clbit + 1);
            if (read.value) ones_.push_back(read.clbit);
        }
        words_ = static_cast<std::size_t>(clbits + 63) / 64;
        kept_.assign(words_, ~std::uint64_t{0});
        const auto overwrite = [&](std::int32_t clbit) {
            kept_[static_cast<std::size_t>(clbit) / 64] &= ~bit(clbit % 64);
        };
        for (const BitMove& move : moves_) overwrite(move.clbit);
        for (const KnownRead& read : plan.known_reads) overwrite(read.clbit);
        // In the order of the highest classical bit that each is read into: so values ascend as their keys do.
        std::ranges::sort(moves_, std::ranges::greater{}, &BitMove::clbit);
        for (const BitMove& move : moves_) {
            if (std::ranges::find(qubits_, move.qubit) == qubits_.end()) qubits_.push_back(move.qubit);
        }
        std::ranges::reverse(qubits_);
    }

    Index mask() const { return mask_; }
    // Those whose values can be told from the classical bits at the end.
    const std::vector<int>& qubits() const { return qubits_; }
    // Of a basis state, or of a value of qubits().
    BitMover of_basis() const { return {moves_, ones_, static_cast<int>(words_)}; }
    BitMover of_value() const {
        std::vector<BitMove> moves = moves_;
        for (BitMove& move : moves) {
            move.qubit = static_cast<std::int32_t>(std::ranges::find(qubits_, move.qubit) - qubits_.begin());
        }
        return {moves, ones_, static_cast<int>(words_)};
    }
    // Writes the memory of shots that had `memory` before and found this index.
    void write(std::span<const std::uint64_t> memory, const BitMover& mover, Index index, std::uint64_t* row) const {
        mover.write(index, row);
        for (std::size_t word = 0; word < words_; ++word) row[word] |= memory[word] & kept_[word];
        std::ranges::copy(memory.subspan(words_), row + words_);
    }
    // A row for shots of a group that found this basis state.
    void add(const Shots& shots, std::size_t group, const BitMover& mover, Index basis, const Weight& weight,
             TreeOutcome& outcome) const {
        WeightTable& rows = outcome.rows;
        const auto memory = shots.memory_of(group);
        rows.keys.resize(rows.keys.size() + memory.size());
        write(memory, mover, basis, rows.keys.data() + rows.keys.size() - memory.size());
        rows.weights.push_back(weight);
        if (shots.ways_of(group) != nullptr) rows.ways.push_back(shots.ways_of(group));
    }

 private:
    Index mask_ = 0;
    std::vector<BitMove> moves_;
    std::vector<std::int32_t> ones_;
    std::vector<int> qubits_;
    std::size_t words_ = 0;            // that are written to
    std::vector<std::uint64_t> kept_;  // their other bits
};

struct Draw {
    double threshold;
    std::size_t group;
};

// Adds what is found for the draws, and forgets them.
template <class T>
void find_draws(const FinalBits& bits, const BitMover& mover, const StateVector<T>& state,
                const std::vector<double>& chunk_sums, const Shots& shots, OutcomesVector<Draw>& draws,
                TreeOutcome& outcome, const StopToken& stop) {
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
        bits.add(shots, hit->first, mover, hit->second, {next - hit, 0}, outcome);
        hit = next;
    }
    draws.clear();
}

template <class T>
void draw_shots(const FinalBits& bits, const StateVector<T>& state, const Shots& shots, const PhiloxKey& key,
                TreeOutcome& outcome, const RunContext& context) {
    const BitMover mover = bits.of_basis();
    const StateNorms norms = norms_of(state, context);
    const double total = norms.total();
    const double one_by_one = std::min(many_shots, shots_per_amplitude * static_cast<double>(state.stored_size()));
    OutcomesVector<Draw> draws;
    for (std::size_t group = 0; group < shots.groups(); ++group) {
        const std::int64_t count = shots.weight_of(group).shots;
        const std::uint64_t identity = shots.identity_of(group);
        const int words = static_cast<int>(shots.memory_of(group).size());
        context.stop.throw_if_stopped();
        if (static_cast<double>(count) > one_by_one) {
            for (const BasisCount& found : sample(state, norms, count, key_of(key, identity), context)) {
                bits.add(shots, group, mover, found.basis, {found.count, 0}, outcome);
            }
            outcome.shorten(words, context.stop);
            continue;
        }
        RandomStream random(key, identity, random_streams::final_bits);
        for (std::int64_t shot = 0; shot < count; ++shot) draws.push_back({random.uniform() * total, group});
        if (draws.size() < max_draws) continue;
        find_draws(bits, mover, state, norms.chunks, shots, draws, outcome, context.stop);
        outcome.shorten(words, context.stop);
    }
    find_draws(bits, mover, state, norms.chunks, shots, draws, outcome, context.stop);
}

template <class T>
void list_probabilities(const FinalBits& bits, const StateVector<T>& state, const Shots& shots, double floor,
                        TreeOutcome& outcome, const RunContext& context) {
    const SavesVector<double> probabilities = marginal_probabilities(state, bits.qubits(), context);
    const auto of_chunk = [&](const Chunk& chunk) { return std::span(probabilities).subspan(chunk.first, chunk.size); };
    const double total = sum_chunks(probabilities.size(), context.walk(),
                                    [&](const Chunk& chunk) { return pairwise_sum(of_chunk(chunk)); });
    if (context.drift != nullptr) context.drift->note(total);
    const BitMover mover = bits.of_value();
    std::vector<std::size_t> ends(chunk_count(probabilities.size()));  // of the rows of a chunk
    std::vector<double> dropped(ends.size());
    for (std::size_t group = 0; group < shots.groups(); ++group) {
        const double share = shots.weight_of(group).probability;
        const auto weight_of = [&](double probability) { return share * probability / total; };
        const auto is_listed = [&](double weight) { return weight > 0 && weight >= floor; };
        for_chunks(probabilities.size(), context.walk(), [&](const Chunk& chunk) {
            ends[chunk.number] = 0;
            dropped[chunk.number] = 0;
            for (const double probability : of_chunk(chunk)) {
                const double weight = weight_of(probability);
                if (is_listed(weight)) {
                    ++ends[chunk.number];
                } else {
                    dropped[chunk.number] += weight;
                }
            }
        });
        outcome.dropped += sum_in_place(std::span(dropped));
        WeightTable& rows = outcome.rows;
        const std::size_t before = rows.weights.size();
        std::inclusive_scan(ends.begin(), ends.end(), ends.begin());
        const auto memory = shots.memory_of(group);
        rows.weights.resize(before + ends.back());
        rows.keys.resize(rows.weights.size() * memory.size());
        if (shots.ways_of(group) != nullptr) rows.ways.resize(rows.weights.size(), shots.ways_of(group));
        for_chunks(probabilities.size(), context.walk(), [&](const Chunk& chunk) {
            std::size_t row = before + (chunk.number == 0 ? 0 : ends[chunk.number - 1]);
            for (Index value = chunk.first; value < chunk.last(); ++value) {
                const double weight = weight_of(probabilities[value]);
                if (!is_listed(weight)) continue;
                bits.write(memory, mover, value, rows.keys.data() + row * memory.size());
                rows.weights[row++].probability = weight;
            }
        });
    }
}

}  // namespace

void TreeOutcome::add(TreeOutcome other, int words, const StopToken& stop) {
    readouts.add(other.readouts);
    dropped += other.dropped;
    if (rows.weights.empty()) {
        rows = std::move(other.rows);
        rows_after_merge = other.rows_after_merge;
    } else {
        rows.keys.insert(rows.keys.end(), other.rows.keys.begin(), other.rows.keys.end());
        rows.weights.insert(rows.weights.end(), other.rows.weights.begin(), other.rows.weights.end());
        rows.ways.insert(rows.ways.end(), other.rows.ways.begin(), other.rows.ways.end());
    }
    shorten(words, stop);
}

void TreeOutcome::shorten(int words, const StopToken& stop) {
    if (rows.weights.size() < 2 * rows_after_merge + max_draws) return;
    rows = tabulate(std::move(rows), words, stop);
    rows_after_merge = rows.weights.size();
}

template <class T>
void draw_final(const Plan& plan, const StateVector<T>& state, const Shots& shots, const RunRequest& request,
                TreeOutcome& outcome, const RunContext& context) {
    const FinalBits bits(plan);
    if (bits.mask() == 0) {
        const BitMover mover = bits.of_basis();
        Poll poll(context.stop);
        for (std::size_t group = 0; group < shots.groups(); ++group) {
            poll();
            bits.add(shots, group, mover, 0, shots.weight_of(group), outcome);
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
