// Loops over fixed chunks, so that a decision never depends on the number of threads. The product vector has the
// factors (1, r_q) on qubit q; the overlaps of a state's chunks with it are folded qubit by qubit to one number.
#include "shots/same_state.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "state/chunks.hpp"

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

// The entries of the product vector on the qubits of a chunk.
std::vector<Complex> product_vector() {
    std::vector<Complex> entries(bit(chunk_bits));
    entries[0] = 1;
    for (int qubit = 0; qubit < chunk_bits; ++qubit) {
        for (Index i = 0; i < bit(qubit); ++i) entries[bit(qubit) + i] = product(entries[i], factor(qubit));
    }
    return entries;
}

// Folds all qubits away, `first` being the number of the lowest one.
Complex fold(std::vector<Complex>& values, int first) {
    for (int qubit = first; values.size() > 1; ++qubit) {
        const Complex r = std::conj(factor(qubit));
        for (std::size_t i = 0; i < values.size() / 2; ++i) values[i] = values[2 * i] + product(r, values[2 * i + 1]);
        values.resize(values.size() / 2);
    }
    return values.front();
}

// A complex number as a vector of the machine: compilers do not find these by themselves in sums of products.
using Pair = double __attribute__((vector_size(16)));
template <class T>
Pair pair(const std::complex<T>& z) {
    return Pair{static_cast<double>(z.real()), static_cast<double>(z.imag())};
}
Pair times_i(Pair z) { return Pair{-z[1], z[0]}; }
Pair product(const Complex& a, Pair z) { return a.real() * z + a.imag() * times_i(z); }

// <a|b>. Sums of even and odd terms apart, so that an addition need not wait for the one before.
template <class A, class B>
Complex overlap(std::span<const std::complex<A>> a, std::span<const std::complex<B>> b) {
    const Index size = a.size();
    std::array<Pair, 2> real{}, imaginary{};
    const auto add = [&](std::size_t sum, Index i) {
        const Pair x = pair(a[i]), y = pair(b[i]);
        real[sum] += x * y;
        imaginary[sum] -= x * times_i(y);
    };
    for (Index i = 0; i + 2 <= size; i += 2) {
        add(0, i);
        add(1, i + 1);
    }
    if (size % 2 == 1) add(0, size - 1);
    const Pair r = real[0] + real[1], i = imaginary[0] + imaginary[1];
    return {r[0] + r[1], i[0] + i[1]};
}

}  // namespace

template <class T>
double signature(const StateVector<T>& state, const RunContext& context) {
    static const std::vector<Complex> entries = product_vector();
    std::vector<Complex> overlaps(chunk_count(state.stored_size()));
    for_chunks(state.stored_size(), context.walk(), [&](const Chunk& chunk) {
        overlaps[chunk.number] = overlap(std::span<const Complex>(entries).first(chunk.size), chunk.of(state));
    });
    return std::norm(fold(overlaps, chunk_bits));
}

template <class T>
Separation separation(const StateVector<T>& a, const StateVector<T>& b, const RunContext& context) {
    const Complex whole = sum_chunks(a.stored_size(), context.walk(),
                                     [&](const Chunk& chunk) { return overlap(chunk.of(b), chunk.of(a)); });
    if (!(std::abs(whole) > 0.5)) return {1, 1};
    const Complex phase = whole / std::abs(whole);
    const double squared = sum_chunks(a.stored_size(), context.walk(), [&](const Chunk& chunk) {
        const std::span own = chunk.of(a), other = chunk.of(b);
        Pair squares{};
        for (Index i = 0; i < chunk.size; ++i) {
            const Pair apart = pair(own[i]) - product(phase, pair(other[i]));
            squares += apart * apart;
        }
        return squares[0] + squares[1];
    });
    return {std::sqrt(squared), phase};
}

template <class T>
void move_to_mean(StateVector<T>& a, const StateVector<T>& b, Complex phase, double share, const RunContext& context) {
    for_chunks(a.stored_size(), context.walk(), [&](const Chunk& chunk) {
        const std::span<std::complex<T>> moved = chunk.of(a);
        const std::span<const std::complex<T>> other = chunk.of(b);
        for (Index i = 0; i < chunk.size; ++i) {
            const Pair own = pair(moved[i]);
            const Pair mean = own + share * (product(phase, pair(other[i])) - own);
            moved[i] = {static_cast<T>(mean[0]), static_cast<T>(mean[1])};
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
