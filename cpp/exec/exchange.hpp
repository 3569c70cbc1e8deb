// Ranks exchange amplitudes of a state that is shared out among them.
#pragma once

#include "exec/run_context.hpp"
#include "plan/plan.hpp"
#include "state/state_vector.hpp"

namespace ketjet {

// Swaps qubits of the state whose part `share` is; all ranks call it. The rank's number is the bits of its amplitudes'
// indices above those of the share. A global qubit that is still |0> costs no message: each rank has all amplitudes
// that there are, and keeps those that are to be its own. Throws what ends another rank's run, at every few chunks.
template <class T>
void exchange(StateVector<T>& share, const Exchange& stage, const RunContext& context);

}  // namespace ketjet
