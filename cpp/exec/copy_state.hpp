// Copies of states.
#pragma once

#include "exec/run_context.hpp"
#include "state/state_vector.hpp"

namespace ketjet {

// Copies `source` into `target`, which has the same size.
template <class T>
void copy_state(const StateVector<T>& source, StateVector<T>& target, const RunContext& context);

// The same but for what is known to be zero (StateVector::active): `target` knows as much afterwards.
template <class T>
void copy_active(const StateVector<T>& source, StateVector<T>& target, const RunContext& context);

}  // namespace ketjet
