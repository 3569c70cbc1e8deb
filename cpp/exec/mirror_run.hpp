// The way back through a run, on its final state and on bras at once: the same block of all of them is gathered into a
// thread's buffers, undone there pass by pass, read on the way, and scattered back.
#pragma once

#include <cstddef>
#include <span>

#include "exec/run_context.hpp"
#include "plan/mirror.hpp"
#include "state/state_vector.hpp"

namespace ketjet {

// Undoes the sweeps of a mirror, with the program's present angles, on `ket` and on all `bras`. Adds 2 Im <bra|G|ket>,
// for each bra and each slot, G the generator of its derivative, to derivatives[bra * slots + slot]. Observers hear of
// the sweeps as stages from `first_stage` on. Throws Cancelled.
template <class T>
void run_mirror(const Program& program, const Mirror& mirror, StateVector<T>& ket,
                std::span<StateVector<T>* const> bras, std::size_t first_stage, std::span<double> derivatives,
                const RunContext& context);

// How far the amplitude of |0...0> is from 1 in a ket that has gone back there.
template <class T>
double adjoint_residual(const StateVector<T>& ket);

}  // namespace ketjet
