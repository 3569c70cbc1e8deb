// The distribution of measuring some qubits, exact, read from the amplitudes without changing them.
#pragma once

#include <vector>

#include "base/charged.hpp"
#include "exec/run_context.hpp"
#include "state/state_vector.hpp"

namespace ketjet {

// The probabilities of the values of `qubits` (first = lowest bit of the result's index): 2^qubits.size() numbers.
template <class T>
SavesVector<double> marginal_probabilities(const StateVector<T>& state, const std::vector<int>& qubits,
                                           const RunContext& context);

}  // namespace ketjet
