// Measurement, reset and preparation in the middle of a run. Sums run over fixed chunks in a fixed order, so an
// outcome never depends on the number of threads.
#pragma once

#include <vector>

#include "exec/executor.hpp"
#include "program/program.hpp"

namespace ketjet {

// |amplitude|^2 summed over each chunk of 2^chunk_bits amplitudes of the first 2^num_qubits.
inline constexpr int chunk_bits = 12;
template <class T>
std::vector<double> chunk_probabilities(const StateVector<T>& state, const RunContext& context);

// Sums a list pairwise, in one fixed order.
double pairwise_sum(const std::vector<double>& values);

// Projects `qubit` onto a random outcome and renormalises; returns the outcome.
template <class T>
bool measure(StateVector<T>& state, int qubit, RandomStream& random, const RunContext& context);

// Measures and flips to |0>. A qubit that is |0> already is left alone, whatever `random` says.
template <class T>
void reset(StateVector<T>& state, int qubit, RandomStream& random, const RunContext& context);

// Puts targets, all in |0>, into the given state.
template <class T>
void prepare(StateVector<T>& state, std::span<const std::int32_t> targets, const std::vector<Complex>& amplitudes,
             const RunContext& context);

}  // namespace ketjet
