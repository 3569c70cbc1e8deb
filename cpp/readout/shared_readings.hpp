// Expectation values of a state that is shared out among ranks.
#pragma once

#include <cstdint>
#include <vector>

#include "base/charged.hpp"
#include "exec/run_context.hpp"
#include "program/observable_set.hpp"
#include "state/state_vector.hpp"

namespace ketjet {

// The expectation values of observables, on every rank the same: those of one process but for what rounding has made of
// the amplitudes. Strings that flip global qubits are read after an exchange that makes these local; `places` says
// where each qubit is, and where it is in the end. All ranks call this together. Throws std::invalid_argument if a
// string flips more qubits than one rank has amplitudes of.
template <class T>
SavesVector<double> shared_expectations(const ObservableSet& observables, StateVector<T>& share,
                                        std::vector<std::int32_t>& places, const RunContext& context);

// The same of a state that is kept, all of whose qubits are in their own places: there they are afterwards.
template <class T>
SavesVector<double> shared_expectations(const ObservableSet& observables, StateVector<T>& share,
                                        const RunContext& context);

}  // namespace ketjet
