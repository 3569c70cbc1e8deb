// Measurement, reset and preparation in the middle of a run. Sums run over fixed chunks in a fixed order, so an
// outcome never depends on the number of threads.
#pragma once

#include <span>
#include <vector>

#include "exec/run_context.hpp"
#include "program/program.hpp"
#include "state/state_vector.hpp"

namespace ketjet {

// The squared length of the parts of a state in which a qubit is 0 and 1.
struct OutcomeWeights {
    double zero;
    double one;

    OutcomeWeights operator+(const OutcomeWeights& other) const { return {zero + other.zero, one + other.one}; }
};
template <class T>
OutcomeWeights outcome_weights(const StateVector<T>& state, int qubit, const RunContext& context);

// Projects a qubit with these weights onto an outcome, moves it to `final_value` and renormalises.
template <class T>
void project(StateVector<T>& state, int qubit, const OutcomeWeights& weights, bool outcome, bool final_value,
             const RunContext& context);

// Puts targets, all in |0>, into the given state.
template <class T>
void prepare(StateVector<T>& state, std::span<const std::int32_t> targets, const std::vector<Complex>& amplitudes,
             const RunContext& context);

}  // namespace ketjet
