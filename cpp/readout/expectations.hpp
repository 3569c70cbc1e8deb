// Expectation values of observables, exact, read from the amplitudes without changing them.
#pragma once

#include <span>

#include "base/charged.hpp"
#include "base/exact_sum.hpp"
#include "exec/run_context.hpp"
#include "program/observable_set.hpp"
#include "state/state_vector.hpp"

namespace ketjet {

// <state| O |state> of each observable; the state is written out. Throws as check_support does.
template <class T>
SavesVector<double> expectations(const ObservableSet& observables, const StateVector<T>& state,
                                 const RunContext& context);

// The same from what has been read of the strings of the set, one value or sum each.
SavesVector<double> expectations(const ObservableSet& observables, std::span<const double> values);
SavesVector<double> expectations(const ObservableSet& observables, std::span<const ExactSum> sums);

// Throws std::invalid_argument if an observable acts on a qubit that a state of so many does not have.
void check_support(const ObservableSet& observables, int num_qubits);

}  // namespace ketjet
