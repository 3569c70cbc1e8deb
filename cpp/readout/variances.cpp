#include "readout/variances.hpp"

#include <array>
#include <complex>
#include <cstddef>
#include <utility>

#include "readout/apply_observable.hpp"
#include "readout/expectations.hpp"
#include "readout/overlap.hpp"
#include "state/chunks.hpp"

namespace ketjet {

namespace {

// Of the difference between one list of amplitudes and a multiple of another. Every eighth amplitude goes to one sum,
// so that compilers may use vectors.
template <class T>
double squared_distance(std::span<const std::complex<T>> left, std::span<const std::complex<T>> right, double factor) {
    constexpr std::size_t parts = 8;
    std::array<double, parts> sums{};
    const auto add = [&](std::size_t i, std::size_t part) {
        const double real = left[i].real() - factor * right[i].real();
        const double imaginary = left[i].imag() - factor * right[i].imag();
        sums[part] += real * real + imaginary * imaginary;
    };
    const std::size_t whole = left.size() / parts * parts;
    for (std::size_t i = 0; i < whole; i += parts) {
        for (std::size_t part = 0; part < parts; ++part) add(i + part, part);
    }
    for (std::size_t i = whole; i < left.size(); ++i) add(i, i - whole);
    return sum_in_place(std::span<double>(sums));
}

}  // namespace

template <class T>
SavesVector<double> variances(const ObservableSet& observables, const StateVector<T>& state,
                              const RunContext& context) {
    check_support(observables, state.num_qubits());
    SavesVector<double> result;
    StateVector<T> applied(state.num_qubits(), state.stored_qubits());
    for (std::size_t k = 0; k < observables.size(); ++k) {
        apply_observable(observables, k, state, applied, 0, context);
        const double mean = overlap(state, applied, context).real();
        const double variance = sum_chunks(state.size(), context.walk(), [&](const Chunk& chunk) {
            return squared_distance<T>(chunk.of(std::as_const(applied)), chunk.of(state), mean);
        });
        for (const double value : {variance, mean, mean * mean}) result.push_back(value);
    }
    return result;
}

template SavesVector<double> variances<float>(const ObservableSet&, const StateVector<float>&, const RunContext&);
template SavesVector<double> variances<double>(const ObservableSet&, const StateVector<double>&, const RunContext&);

}  // namespace ketjet
