// A sum of Pauli strings as an operator: it takes a state to another vector.
#pragma once

#include <cstdint>

#include "emit/application.hpp"
#include "exec/run_context.hpp"
#include "state/state_vector.hpp"

namespace ketjet {

// Writes what a sum of strings, on qubits that the state has, makes of the state to `result`, another one of the same
// size. The state is written out, and so is the result then. It counts as `work` in the progress of a run.
template <class T>
void apply_strings(const Application& sum, const StateVector<T>& state, StateVector<T>& result, std::int64_t work,
                   const RunContext& context);

}  // namespace ketjet
