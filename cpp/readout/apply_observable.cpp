// Strings that flip the same qubits x take amplitude y to y ^ x, times a number: the sum of their coefficients with
// signs by y. Each chunk of the result adds up what comes from one chunk of the state for each x.
#include "readout/apply_observable.hpp"

#include <algorithm>
#include <array>
#include <complex>
#include <map>
#include <span>
#include <tuple>
#include <utility>
#include <vector>

#include "program/matrix.hpp"
#include "state/chunks.hpp"

namespace ketjet {

namespace {

constexpr std::array<Complex, 4> powers_of_i{Complex(1, 0), Complex(0, 1), Complex(-1, 0), Complex(0, -1)};

// Strings with equal flips and conditions, as numbers times X^x Z^z.
struct Group {
    Index x;
    Condition condition;
    std::vector<std::pair<Index, Complex>> terms;  // by z
};

std::vector<Group> groups_of(const ObservableSet& observables, std::size_t k) {
    std::map<std::tuple<Index, Index, Index>, Group> groups;
    const std::span columns = observables.columns(k);
    const std::span coefficients = observables.coefficients(k);
    for (std::size_t i = 0; i < columns.size(); ++i) {
        const auto& [x, z, condition] = observables.strings()[columns[i]];
        Group& group = groups[{x, condition.mask, condition.value}];
        group.x = x;
        group.condition = condition;
        group.terms.emplace_back(z, coefficients[i] * powers_of_i[static_cast<std::size_t>(count_bits(x & z) % 4)]);
    }
    std::vector<Group> result;
    for (auto& [key, group] : groups) result.push_back(std::move(group));
    return result;
}

// values[y] becomes the sum of values[z] with the signs (-1)^popcount(z & y).
void transform(std::span<Complex> values) {
    for (std::size_t half = 1; half < values.size(); half *= 2) {
        for (std::size_t first = 0; first < values.size(); first += 2 * half) {
            for (std::size_t i = first; i < first + half; ++i) {
                const Complex a = values[i], b = values[i + half];
                values[i] = a + b;
                values[i + half] = a - b;
            }
        }
    }
}

// Adds a number with the signs (-1)^popcount(z & y) to all values[y].
void add_signed(Complex number, Index z, std::span<Complex> signs, std::span<Complex> values) {
    signs[0] = number;
    for (std::size_t half = 1; half < values.size(); half *= 2) {
        const double sign = (z & half) != 0 ? -1 : 1;
        for (std::size_t i = 0; i < half; ++i) signs[half + i] = sign * signs[i];
    }
    for (std::size_t i = 0; i < values.size(); ++i) values[i] += signs[i];
}

// As it is written: the product of the library would also look for what is not a number.
template <class T>
Complex product(const Complex& a, const std::complex<T>& b) {
    const double re = b.real(), im = b.imag();
    return {a.real() * re - a.imag() * im, a.real() * im + a.imag() * re};
}

// A few terms are added up one by one: a transform takes as long as some of them.
constexpr std::size_t max_single_terms = 4;

// What a thread needs for a chunk: sums over the groups, and numbers by which amplitudes are multiplied.
struct Scratch {
    explicit Scratch(std::size_t size) : sums(size), factors(size), signs(size) {}
    std::vector<Complex> sums, factors, signs;
};

// Fills in the factors for amplitudes from `first` on; false if all are zero.
bool fill_factors(const Group& group, Index first, Scratch& scratch) {
    const std::span factors(scratch.factors);
    const Index inside = factors.size() - 1;
    const auto& [mask, value] = group.condition;
    if (((first ^ value) & mask & ~inside) != 0) return false;
    std::ranges::fill(factors, Complex(0));
    const bool singly = group.terms.size() <= max_single_terms;
    for (const auto& [z, number] : group.terms) {
        const Complex signed_number = parity(first & z & ~inside) ? -number : number;
        if (singly) {
            add_signed(signed_number, z & inside, scratch.signs, factors);
        } else {
            factors[z & inside] += signed_number;
        }
    }
    if (!singly) transform(factors);
    if ((mask & inside) != 0) {
        for (Index y = 0; y <= inside; ++y) {
            if (((y ^ value) & mask & inside) != 0) factors[y] = 0;
        }
    }
    return true;
}

}  // namespace

template <class T>
void apply_observable(const ObservableSet& observables, std::size_t k, const StateVector<T>& state,
                      StateVector<T>& result, const RunContext& context) {
    const std::vector<Group> groups = groups_of(observables, k);
    const Index work = state.stored_size() * std::max<std::size_t>(groups.size(), 1);
    for_shares(chunk_count(state.stored_size()), work, context.walk(), [&](std::size_t begin, std::size_t end) {
        const Index size = std::min(state.stored_size(), bit(chunk_bits));
        Scratch scratch(size);
        for (std::size_t number = begin; number < end; ++number) {
            const Index first = static_cast<Index>(number) << chunk_bits;
            std::ranges::fill(scratch.sums, Complex(0));
            for (const Group& group : groups) {
                context.stop.throw_if_stopped();
                const Index flip = group.x & (size - 1), source = first ^ (group.x & ~(size - 1));
                if (!fill_factors(group, source, scratch)) continue;
                const std::span<const std::complex<T>> amplitudes = Chunk{number, source, size}.of(state);
                for (Index y = 0; y < size; ++y) {
                    scratch.sums[y ^ flip] += product(scratch.factors[y], amplitudes[y]);
                }
            }
            std::ranges::transform(scratch.sums, Chunk{number, first, size}.of(result).begin(), [](const Complex& sum) {
                return std::complex<T>(static_cast<T>(sum.real()), static_cast<T>(sum.imag()));
            });
        }
    });
    result.set_all_active();
}

#define KETJET_INSTANTIATE(T)                                                                                    \
    template void apply_observable<T>(const ObservableSet&, std::size_t, const StateVector<T>&, StateVector<T>&, \
                                      const RunContext&);
KETJET_INSTANTIATE(float)
KETJET_INSTANTIATE(double)
#undef KETJET_INSTANTIATE

}  // namespace ketjet
