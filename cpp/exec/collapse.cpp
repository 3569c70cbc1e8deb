// Measurement, reset and preparation as plain loops over fixed chunks; compiled once, for the baseline, so that
// probabilities do not depend on the instruction set.
#include "exec/collapse.hpp"

#include <cmath>

namespace ketjet {

template <class T>
OutcomeWeights outcome_weights(const StateVector<T>& state, int qubit, const RunContext& context) {
    std::vector<OutcomeWeights> sums(chunk_count(state.stored_size() / 2));
    for_chunk_pairs(state, qubit, context.walk(), [&](const auto& chunk) {
        OutcomeWeights sum{0, 0};
        chunk.for_each([&](const std::complex<T>& zero, const std::complex<T>& one) {
            sum.zero += std::norm(std::complex<double>(zero));
            sum.one += std::norm(std::complex<double>(one));
        });
        sums[chunk.pairs.number] = sum;
    });
    return sum_in_place(std::span(sums));
}

template <class T>
void project(StateVector<T>& state, int qubit, const OutcomeWeights& weights, bool outcome, bool final_value,
             const RunContext& context) {
    if ((outcome ? weights.zero : weights.one) == 0 && outcome == final_value) return;
    const T factor = static_cast<T>(1 / std::sqrt(outcome ? weights.one : weights.zero));
    for_chunk_pairs(state, qubit, context.walk(), [&](const auto& chunk) {
        chunk.for_each([&](std::complex<T>& zero, std::complex<T>& one) {
            const std::complex<T> kept = (outcome ? one : zero) * factor;
            (final_value ? one : zero) = kept;
            (final_value ? zero : one) = 0;
        });
    });
}

template <class T>
void prepare(StateVector<T>& state, std::span<const std::int32_t> targets, const std::vector<Complex>& amplitudes,
             const RunContext& context) {
    const Index mask = mask_of(targets);
    std::vector<Index> offsets(amplitudes.size());
    for (std::size_t entry = 0; entry < offsets.size(); ++entry) {
        for (std::size_t j = 0; j < targets.size(); ++j) {
            if (entry >> j & 1) offsets[entry] |= bit(targets[j]);
        }
    }
    // Threads share out whichever is longer: the entries, or the rest of the state.
    const Index rest_mask = low_bits(state.stored_qubits()) & ~mask;
    const Index rest = bit(count_bits(rest_mask)), entries = amplitudes.size();
    std::complex<T>* const a = state.amplitudes();
    const auto write = [&](Index base, std::complex<T> origin, Index first, Index last) {
        for (Index e = first; e < last; ++e) a[base | offsets[e]] = origin * std::complex<T>(amplitudes[e]);
    };
    if (rest >= entries) {
        for_chunks(rest, context.walk(), [&](const Chunk& chunk) {
            for (Index i = chunk.first; i < chunk.last(); ++i) {
                const Index base = deposit_bits(i, rest_mask);
                write(base, a[base], 0, entries);
            }
        });
    } else {
        for (Index i = 0; i < rest; ++i) {
            const Index base = deposit_bits(i, rest_mask);
            const std::complex<T> origin = a[base];
            for_chunks(entries, context.walk(),
                       [&](const Chunk& chunk) { write(base, origin, chunk.first, chunk.last()); });
        }
    }
}

#define KETJET_INSTANTIATE(T)                                                                             \
    template OutcomeWeights outcome_weights<T>(const StateVector<T>&, int, const RunContext&);            \
    template void project<T>(StateVector<T>&, int, const OutcomeWeights&, bool, bool, const RunContext&); \
    template void prepare<T>(StateVector<T>&, std::span<const std::int32_t>, const std::vector<Complex>&, \
                             const RunContext&);
KETJET_INSTANTIATE(float)
KETJET_INSTANTIATE(double)
#undef KETJET_INSTANTIATE

}  // namespace ketjet
