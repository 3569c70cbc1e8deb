// Expectation values and marginals: sums over fixed parts, added in order.
#include "readout/observable.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "base/parallel.hpp"

namespace ketjet {

namespace {

constexpr int part_bits = 14;  // amplitudes summed in one go; parts are added in order, whoever computed them
constexpr std::array<Complex, 4> powers_of_i{Complex(1, 0), Complex(0, 1), Complex(-1, 0), Complex(0, -1)};

std::int64_t part_count(Index size) { return static_cast<std::int64_t>((size + low_bits(part_bits)) >> part_bits); }

// sum over i in [first, last) of conj(a[i ^ x]) a[i] * sum over terms of coefficient * sign(i & z).
template <class T>
Complex partial_expectation(const StateVector<T>& state, Index first, Index last, std::span<const PauliTerm> terms) {
    const std::complex<T>* const a = state.amplitudes();
    const Index flip = terms.front().x_mask;
    Complex sum = 0;
    for (Index i = first; i < last; ++i) {
        const Complex overlap = std::conj(Complex(a[i ^ flip])) * Complex(a[i]);
        for (const PauliTerm& term : terms) {
            const Complex value = overlap * term.coefficient;
            sum += parity(i & term.z_mask) ? -value : value;
        }
    }
    return sum;
}

}  // namespace

std::vector<PauliTerm> pauli_terms(std::span<const Index> x_masks, std::span<const Index> z_masks,
                                   std::span<const Complex> coefficients) {
    std::vector<PauliTerm> terms;
    for (std::size_t i = 0; i < coefficients.size(); ++i) terms.push_back({x_masks[i], z_masks[i], coefficients[i]});
    return terms;
}

template <class T>
Complex expectation(const StateVector<T>& state, std::vector<PauliTerm> terms, const RunContext& context) {
    for (PauliTerm& term : terms) {
        term.coefficient *= powers_of_i[static_cast<std::size_t>(count_bits(term.x_mask & term.z_mask) % 4)];
    }
    std::ranges::sort(terms, {}, [](const PauliTerm& term) { return std::pair(term.x_mask, term.z_mask); });
    Complex total = 0;
    for (auto group = terms.begin(); group != terms.end();) {
        const auto end = std::ranges::find_if(group, terms.end(),
                                              [&](const PauliTerm& term) { return term.x_mask != group->x_mask; });
        const std::span<const PauliTerm> same_flip(group, end);
        std::vector<Complex> parts(static_cast<std::size_t>(part_count(state.size())));
        parallel_for(parts.size() < 4 ? 1 : context.threads, part_count(state.size()),
                     [&](std::int64_t begin, std::int64_t stop) {
                         for (std::int64_t p = begin; p < stop; ++p) {
                             context.stop.throw_if_stopped();
                             const Index first = static_cast<Index>(p) << part_bits;
                             parts[static_cast<std::size_t>(p)] = partial_expectation(
                                 state, first, std::min(state.size(), first + bit(part_bits)), same_flip);
                         }
                     });
        for (const Complex& part : parts) total += part;
        group = end;
    }
    return total;
}

template <class T>
SavesVector<double> marginal_probabilities(const StateVector<T>& state, const std::vector<int>& qubits,
                                           const RunContext& context) {
    // Every thread owns some outcomes and adds up their amplitudes in index order.
    Index mask = 0;
    for (const int qubit : qubits) mask |= bit(qubit);
    const Index rest_mask = low_bits(state.num_qubits()) & ~mask;
    const Index rest = bit(count_bits(rest_mask));
    SavesVector<double> result(std::size_t{1} << qubits.size());
    parallel_for(state.size() < bit(16) ? 1 : context.threads, static_cast<std::int64_t>(result.size()),
                 [&](std::int64_t begin, std::int64_t end) {
                     for (std::int64_t outcome = begin; outcome < end; ++outcome) {
                         Index base = 0;
                         for (std::size_t j = 0; j < qubits.size(); ++j) {
                             if (outcome >> j & 1) base |= bit(qubits[j]);
                         }
                         double sum = 0;
                         Index other = 0;
                         for (Index i = 0; i < rest; ++i, other = next_outside(other, ~rest_mask)) {
                             if (i % bit(part_bits) == 0) context.stop.throw_if_stopped();
                             sum += std::norm(Complex(state.amplitudes()[base | other]));
                         }
                         result[static_cast<std::size_t>(outcome)] = sum;
                     }
                 });
    return result;
}

#define KETJET_INSTANTIATE(T)                                                                              \
    template Complex expectation<T>(const StateVector<T>&, std::vector<PauliTerm>, const RunContext&);     \
    template SavesVector<double> marginal_probabilities<T>(const StateVector<T>&, const std::vector<int>&, \
                                                           const RunContext&);
KETJET_INSTANTIATE(float)
KETJET_INSTANTIATE(double)
#undef KETJET_INSTANTIATE

}  // namespace ketjet
