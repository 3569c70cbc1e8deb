// Runs the sweeps of a Plan on a state: one team of threads for a whole stretch of them, each block gathered into a
// thread's own buffer, worked on there, and scattered back.
#pragma once

#include "emit/bound_sweep.hpp"
#include "exec/run_context.hpp"
#include "exec/stage_sweeps.hpp"
#include "exec/sweep_norms.hpp"
#include "exec/sweep_readings.hpp"
#include "plan/plan.hpp"
#include "state/state_vector.hpp"

namespace ketjet {

// Runs one block of a sweep, that of the cold qubits in `base`, as it would be run on a state of so many qubits; its
// amplitudes begin at `origin`.
template <class T>
void run_block(const BoundSweep& sweep, Index base, T* origin, int state_qubits, const RunContext& context);

// What sweeps give beside the state; each may be null.
struct BesideState {
    SweepNorms* norms = nullptr;  // of what the last one leaves
    SweepReadings* readings = nullptr;
};

// Runs a stretch of stages that are all sweeps, taking them from `kept` where it has them. Throws Cancelled.
template <class T>
void run_sweeps(const BoundPlan& bound, StageRange sweeps, const StageSweeps<T>& kept, StateVector<T>& state,
                const BesideState& beside, const RunContext& context);

}  // namespace ketjet
