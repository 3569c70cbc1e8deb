// Runs the stages of a Plan on a state: one team of threads for a whole stretch of sweeps, each block gathered into
// a thread's own buffer, worked on there, and scattered back.
#pragma once

#include <span>
#include <vector>

#include "base/machine.hpp"
#include "base/rng.hpp"
#include "base/stop_token.hpp"
#include "emit/bound_sweep.hpp"
#include "exec/norm_drift.hpp"
#include "exec/pass_clock.hpp"
#include "exec/stage_clock.hpp"
#include "exec/stage_sweeps.hpp"
#include "kernels/kernel_table.hpp"
#include "plan/plan.hpp"
#include "state/state_vector.hpp"

namespace ketjet {

class FirstTouch;
class SweepNorms;
class Verifier;

// What a run needs beside program and state; plain references, valid for the length of the call.
struct RunContext {
    const KernelTable& kernels;
    int threads;
    StopToken stop;
    std::int64_t l3_bytes = Machine{}.l3_bytes;
    StageClock* clock = nullptr;        // of the stages that are run
    Verifier* verifier = nullptr;       // if the norm is to be checked after every stage
    SweepNorms* norms = nullptr;        // receives the squared norms that the last sweep leaves
    std::int64_t chunk_work = 0;        // what a chunk of amplitudes that is sampled counts in the run's progress
    FirstTouch* first_touch = nullptr;  // if the state's memory is fresh
    NormDrift* drift = nullptr;         // receives the norm of every state that is measured
    PassClock* pass_clock = nullptr;    // of the passes within the stages, if somebody wants to know
};

template <class T>
const Kernels& kernels_of(const KernelTable& table);

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

// Runs a stretch of stages that are all sweeps, taking them from `kept` where it has them. Throws Cancelled.
template <class T>
void run_sweeps(const BoundPlan& bound, StageRange sweeps, StateVector<T>& state, const RunContext& context,
                const StageSweeps<T>* kept = nullptr);

}  // namespace ketjet
