// The zeros of a state that sweeps leave out, while they are only known (StateVector::active): they are written before
// anybody reads amplitudes.
#pragma once

#include "exec/run_context.hpp"
#include "state/state_vector.hpp"

namespace ketjet {

// Writes zero wherever a qubit outside `active` is 1; with no active qubit the state becomes |0...0>.
template <class T>
void extend_state(StateVector<T>& state, Index active, const RunContext& context);

// Writes the zeros that are only known so far. Throws Cancelled, and leaves the state as it was then.
template <class T>
void write_out(StateVector<T>& state, const RunContext& context);

}  // namespace ketjet
