// An observable as an operator: it takes a state to another vector.
#pragma once

#include <cstddef>
#include <cstdint>

#include "exec/run_context.hpp"
#include "program/observable_set.hpp"
#include "state/state_vector.hpp"

namespace ketjet {

// Writes O |state> to `result`, another state of the same size; O is observable number k of the set, and acts on qubits
// that the state has. The state is written out, and so is the result then. It counts as `work` in the progress of a
// run.
template <class T>
void apply_observable(const ObservableSet& observables, std::size_t k, const StateVector<T>& state,
                      StateVector<T>& result, std::int64_t work, const RunContext& context);

}  // namespace ketjet
