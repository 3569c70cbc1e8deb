// Expectation values: sums over fixed parts, added in order.
#include "readout/observable.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "state/chunks.hpp"

namespace ketjet {

namespace {

constexpr int part_bits = 14;  // of the amplitudes that an expectation value sums in one go
constexpr std::array<Complex, 4> powers_of_i{Complex(1, 0), Complex(0, 1), Complex(-1, 0), Complex(0, -1)};

// sum over i in a chunk of conj(a[i ^ x]) a[i] * sum over terms of coefficient * sign(i & z).
template <class T>
Complex partial_expectation(const StateVector<T>& state, const Chunk& chunk, std::span<const PauliTerm> terms) {
    const Index flip = terms.front().x_mask, inside = flip & low_bits(part_bits);
    const Chunk flipped{chunk.number, chunk.first ^ (flip & ~inside), chunk.size};
    const std::span own = chunk.of(state), partner = flipped.of(state);
    Complex sum = 0;
    for (Index i = 0; i < chunk.size; ++i) {
        const Complex overlap = std::conj(Complex(partner[i ^ inside])) * Complex(own[i]);
        for (const PauliTerm& term : terms) {
            const Complex value = overlap * term.coefficient;
            sum += parity((chunk.first | i) & term.z_mask) ? -value : value;
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
        std::vector<Complex> parts((state.size() + low_bits(part_bits)) >> part_bits);
        for_chunks(
            state.size(), context.walk(),
            [&](const Chunk& chunk) { parts[chunk.number] = partial_expectation(state, chunk, same_flip); }, part_bits);
        for (const Complex& part : parts) total += part;
        group = end;
    }
    return total;
}

template Complex expectation<float>(const StateVector<float>&, std::vector<PauliTerm>, const RunContext&);
template Complex expectation<double>(const StateVector<double>&, std::vector<PauliTerm>, const RunContext&);

}  // namespace ketjet
