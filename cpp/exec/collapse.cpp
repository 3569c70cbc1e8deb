// Measurement, reset and preparation as plain loops over fixed chunks; compiled once, for the baseline, so that
// probabilities do not depend on the instruction set.
#include "exec/collapse.hpp"

#include <algorithm>
#include <cmath>

#include "base/charged.hpp"
#include "base/parallel.hpp"

namespace ketjet {

namespace {

// Four running sums: short dependency chains, and the same order on every machine.
template <class T>
double sum_of_squares(const T* scalars, Index count) {
    double sums[4] = {0, 0, 0, 0};
    Index i = 0;
    for (; i + 4 <= count; i += 4) {
        for (Index j = 0; j < 4; ++j) {
            const double x = static_cast<double>(scalars[i + j]);
            sums[j] += x * x;
        }
    }
    for (; i < count; ++i) {
        const double x = static_cast<double>(scalars[i]);
        sums[i % 4] += x * x;
    }
    return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

int threads_for(Index items, const RunContext& context) { return items < (Index{1} << 16) ? 1 : context.threads; }

// Calls body(first, last) on chunks of [0, items), polling the stop token.
template <class Body>
void for_chunks(Index items, const RunContext& context, Body body) {
    const Index chunks = (items + low_bits(chunk_bits)) >> chunk_bits;
    parallel_for(threads_for(items, context), static_cast<std::int64_t>(chunks),
                 [&](std::int64_t begin, std::int64_t end) {
                     for (std::int64_t c = begin; c < end; ++c) {
                         context.stop.throw_if_stopped();
                         const Index first = static_cast<Index>(c) << chunk_bits;
                         body(first, std::min(items, first + bit(chunk_bits)));
                     }
                 });
}

// The index whose bit `qubit` is 0 and whose other bits are those of `i`.
constexpr Index insert_zero(Index i, int qubit) { return ((i >> qubit) << (qubit + 1)) | (i & low_bits(qubit)); }

}  // namespace

template <class T>
OutcomeWeights outcome_weights(const StateVector<T>& state, int qubit, const RunContext& context) {
    const Index half = state.stored_size() / 2;
    const auto chunks = static_cast<std::size_t>((half + low_bits(chunk_bits)) >> chunk_bits);
    std::vector<double> zeros(chunks), ones(chunks);
    for_chunks(half, context, [&](Index first, Index last) {
        double zero = 0, one = 0;
        for (Index i = first; i < last; ++i) {
            const Index at = insert_zero(i, qubit);
            zero += std::norm(std::complex<double>(state.amplitudes()[at]));
            one += std::norm(std::complex<double>(state.amplitudes()[at | bit(qubit)]));
        }
        zeros[static_cast<std::size_t>(first >> chunk_bits)] = zero;
        ones[static_cast<std::size_t>(first >> chunk_bits)] = one;
    });
    const OutcomeWeights weights{pairwise_sum(zeros), pairwise_sum(ones)};
    if (context.drift != nullptr) context.drift->note(weights.zero + weights.one);
    return weights;
}

template <class T>
void project(StateVector<T>& state, int qubit, const OutcomeWeights& weights, bool outcome, bool final_value,
             const RunContext& context) {
    if ((outcome ? weights.zero : weights.one) == 0 && outcome == final_value) return;
    std::complex<T>* const a = state.amplitudes();
    const T factor = static_cast<T>(1 / std::sqrt(outcome ? weights.one : weights.zero));
    for_chunks(state.stored_size() / 2, context, [&](Index first, Index last) {
        for (Index i = first; i < last; ++i) {
            const Index zero = insert_zero(i, qubit), one = zero | bit(qubit);
            const std::complex<T> kept = a[outcome ? one : zero] * factor;
            a[final_value ? one : zero] = kept;
            a[final_value ? zero : one] = 0;
        }
    });
}

template <class T>
std::vector<double> chunk_probabilities(const StateVector<T>& state, const RunContext& context) {
    std::vector<double> sums(static_cast<std::size_t>((state.size() + low_bits(chunk_bits)) >> chunk_bits));
    for_chunks(state.size(), context, [&](Index first, Index last) {
        sums[static_cast<std::size_t>(first >> chunk_bits)] =
            sum_of_squares(state.scalars() + 2 * first, 2 * (last - first));
    });
    if (context.drift != nullptr) context.drift->note(pairwise_sum(sums));
    return sums;
}

double pairwise_sum(std::span<const double> values) {
    OutcomesVector<double> sums(values.begin(), values.end());
    for (std::size_t count = sums.size(); count > 1; count = (count + 1) / 2) {
        for (std::size_t i = 0; i < count / 2; ++i) sums[i] = sums[2 * i] + sums[2 * i + 1];
        if (count % 2 == 1) sums[count / 2] = sums[count - 1];
    }
    return sums.empty() ? 0.0 : sums[0];
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
        for_chunks(rest, context, [&](Index first, Index last) {
            for (Index i = first; i < last; ++i) {
                const Index base = deposit_bits(i, rest_mask);
                write(base, a[base], 0, entries);
            }
        });
    } else {
        for (Index i = 0; i < rest; ++i) {
            const Index base = deposit_bits(i, rest_mask);
            const std::complex<T> origin = a[base];
            for_chunks(entries, context, [&](Index first, Index last) { write(base, origin, first, last); });
        }
    }
}

#define KETJET_INSTANTIATE(T)                                                                             \
    template std::vector<double> chunk_probabilities<T>(const StateVector<T>&, const RunContext&);        \
    template OutcomeWeights outcome_weights<T>(const StateVector<T>&, int, const RunContext&);            \
    template void project<T>(StateVector<T>&, int, const OutcomeWeights&, bool, bool, const RunContext&); \
    template void prepare<T>(StateVector<T>&, std::span<const std::int32_t>, const std::vector<Complex>&, \
                             const RunContext&);
KETJET_INSTANTIATE(float)
KETJET_INSTANTIATE(double)
#undef KETJET_INSTANTIATE

}  // namespace ketjet
