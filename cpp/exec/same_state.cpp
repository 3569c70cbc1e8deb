// Plain loops over fixed chunks, so that a decision never depends on the number of threads. The product vector has the
// factors (1, r_q) on qubit q: a chunk is folded qubit by qubit to one number, and chunks are folded like a state.
#include "exec/same_state.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/parallel.hpp"
#include "exec/collapse.hpp"

namespace ketjet {

namespace {

// Magnitudes around 1, all different, and phases that are no simple fractions of each other (golden ratio).
Complex factor(int qubit) {
    constexpr double golden = 0.6180339887498949;
    const double x = golden * (qubit + 1);
    return std::polar(0.75 + 0.5 * (x - std::floor(x)), 2.399963229728653 * (qubit + 1) * (qubit + 2));
}

// The language's own product looks for infinities, which takes several times as long.
inline Complex product(const Complex& a, const Complex& b) {
    return {a.real() * b.real() - a.imag() * b.imag(), a.real() * b.imag() + a.imag() * b.real()};
}

// Folds the lowest qubits of so many amplitudes away at once: the entries of the product vector of these qubits.
constexpr int folded_at_once = 3;
std::array<Complex, bit(folded_at_once)> product_vector() {
    std::array<Complex, bit(folded_at_once)> entries;
    entries[0] = 1;
    for (int qubit = 0; qubit < folded_at_once; ++qubit) {
        for (Index i = 0; i < bit(qubit); ++i) entries[bit(qubit) + i] = product(entries[i], factor(qubit));
    }
    return entries;
}
template <class T>
Complex fold(const std::complex<T>* amplitudes, const std::array<Complex, bit(folded_at_once)>& entries) {
    double real = 0, imaginary = 0;
    for (std::size_t i = 0; i < entries.size(); ++i) {
        const auto part = product(entries[i], static_cast<Complex>(amplitudes[i]));
        real += part.real();
        imaginary += part.imag();
    }
    return {real, imaginary};
}

// Folds the lowest qubits away, `first` being the number of the lowest one.
Complex fold(std::vector<Complex>& values, int first) {
    for (int qubit = first; values.size() > 1; ++qubit) {
        const Complex r = factor(qubit);
        for (std::size_t i = 0; i < values.size() / 2; ++i) values[i] = values[2 * i] + product(r, values[2 * i + 1]);
        values.resize(values.size() / 2);
    }
    return values.front();
}

// Calls body(first, last, chunk) on all chunks of a state's amplitudes.
template <class T, class Body>
void for_state_chunks(const StateVector<T>& state, const RunContext& context, Body body) {
    const Index chunk = std::min(state.stored_size(), bit(chunk_bits));
    const auto chunks = static_cast<std::int64_t>(state.stored_size() / chunk);
    parallel_for(chunks > 16 ? context.threads : 1, chunks, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t c = begin; c < end; ++c) {
            context.stop.throw_if_stopped();
            const Index first = static_cast<Index>(c) * chunk;
            body(first, first + chunk, static_cast<std::size_t>(c));
        }
    });
}

template <class T>
std::size_t chunks_of(const StateVector<T>& state) {
    return static_cast<std::size_t>(std::max<Index>(state.stored_size() >> chunk_bits, 1));
}

}  // namespace

template <class T>
double signature(const StateVector<T>& state, const RunContext& context) {
    static const auto entries = product_vector();
    std::vector<Complex> folded(chunks_of(state));
    for_state_chunks(state, context, [&](Index first, Index last, std::size_t chunk) {
        std::vector<Complex> values;
        if (last - first < entries.size()) {
            values.assign(state.amplitudes() + first, state.amplitudes() + last);
            folded[chunk] = fold(values, 0);
            return;
        }
        values.reserve((last - first) / entries.size());
        for (Index i = first; i < last; i += entries.size()) values.push_back(fold(state.amplitudes() + i, entries));
        folded[chunk] = fold(values, folded_at_once);
    });
    return std::norm(fold(folded, chunk_bits));
}

template <class T>
Separation separation(const StateVector<T>& a, const StateVector<T>& b, const RunContext& context) {
    std::vector<double> real(chunks_of(a)), imaginary(chunks_of(a));
    for_state_chunks(a, context, [&](Index first, Index last, std::size_t chunk) {
        Complex sum = 0;
        for (Index i = first; i < last; ++i) {
            sum += product(std::conj(static_cast<Complex>(b.amplitudes()[i])), static_cast<Complex>(a.amplitudes()[i]));
        }
        real[chunk] = sum.real();
        imaginary[chunk] = sum.imag();
    });
    const Complex overlap(pairwise_sum(real), pairwise_sum(imaginary));
    if (!(std::abs(overlap) > 0.5)) return {1, 1};
    const Complex phase = overlap / std::abs(overlap);
    for_state_chunks(a, context, [&](Index first, Index last, std::size_t chunk) {
        double sum = 0;
        for (Index i = first; i < last; ++i) {
            sum += std::norm(static_cast<Complex>(a.amplitudes()[i]) -
                             product(phase, static_cast<Complex>(b.amplitudes()[i])));
        }
        real[chunk] = sum;
    });
    return {std::sqrt(pairwise_sum(real)), phase};
}

template <class T>
void move_to_mean(StateVector<T>& a, const StateVector<T>& b, Complex phase, double share, const RunContext& context) {
    for_state_chunks(a, context, [&](Index first, Index last, std::size_t) {
        for (Index i = first; i < last; ++i) {
            const auto own = static_cast<Complex>(a.amplitudes()[i]), other = static_cast<Complex>(b.amplitudes()[i]);
            a.amplitudes()[i] = static_cast<std::complex<T>>(own + share * (product(phase, other) - own));
        }
    });
}

#define KETJET_INSTANTIATE(T)                                                                           \
    template double signature<T>(const StateVector<T>&, const RunContext&);                             \
    template Separation separation<T>(const StateVector<T>&, const StateVector<T>&, const RunContext&); \
    template void move_to_mean<T>(StateVector<T>&, const StateVector<T>&, Complex, double, const RunContext&);
KETJET_INSTANTIATE(float)
KETJET_INSTANTIATE(double)
#undef KETJET_INSTANTIATE

}  // namespace ketjet
