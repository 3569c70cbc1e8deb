// Runs the stages of a Plan on a state: one team of threads for a whole stretch of sweeps, each block gathered into
// a thread's own buffer, worked on there, and scattered back.
#pragma once

#include "emit/bound_sweep.hpp"
#include "exec/run_context.hpp"
#include "exec/stage_sweeps.hpp"
#include "exec/sweep_norms.hpp"
#include "plan/plan.hpp"
#include "state/state_vector.hpp"

namespace ketjet {

// Writes zero wherever a qubit outside `active` is 1; with no active qubit the state becomes |0...0>.
template <class T>
void extend_state(StateVector<T>& state, Index active, const RunContext& context);

// Copies `source` into `target`, which has the same size.
template <class T>
void copy_state(const StateVector<T>& source, StateVector<T>& target, const RunContext& context);

// Runs one block of a sweep, that of the cold qubits in `base`, as it would be run on a state of so many qubits; its
// amplitudes begin at `origin`.
template <class T>
void run_block(const BoundSweep& sweep, Index base, T* origin, int state_qubits, const RunContext& context);

// Lets the observers inspect the state that a stage leaves which is no sweep.
template <class T>
void inspect_state(std::size_t stage, const StateVector<T>& state, const RunContext& context);

// Runs a stretch of stages that are all sweeps, taking them from `kept` where it has them. `norms`, unless it is null,
// receives the squared norms of what the last one leaves. Throws Cancelled.
template <class T>
void run_sweeps(const BoundPlan& bound, StageRange sweeps, const StageSweeps<T>& kept, StateVector<T>& state,
                SweepNorms* norms, const RunContext& context);

}  // namespace ketjet
