// Expectation values of observables, exact, read from the amplitudes without changing them.
#pragma once

#include "base/charged.hpp"
#include "exec/run_context.hpp"
#include "program/observable_set.hpp"
#include "state/state_vector.hpp"

namespace ketjet {

// <state| O |state> of each observable; the state is written out. Throws std::invalid_argument if one acts on a qubit
// that the state does not have.
template <class T>
SavesVector<double> expectations(const ObservableSet& observables, const StateVector<T>& state,
                                 const RunContext& context);

}  // namespace ketjet
