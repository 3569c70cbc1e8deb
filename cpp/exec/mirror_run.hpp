// The way back through a run, on its final state and on bras at once: the same block of all of them is gathered into a
// thread's buffers, undone there pass by pass, read on the way, and scattered back.
#pragma once

#include <cstddef>
#include <span>

#include "emit/application.hpp"
#include "exec/run_context.hpp"
#include "plan/mirror.hpp"
#include "state/state_vector.hpp"

namespace ketjet {

// One bra. When the way back begins it is what a sum of strings makes of the ket, which flip hot qubits of the first
// sweep alone, and what its memory holds or, where it is blank, nothing.
template <class T>
struct MirroredBra {
    StateVector<T>* state;
    Application sum;
    bool blank;
};

// For each bra, its overlap with the ket when the way back begins, the real part; and the derivatives by all slots, bra
// after bra, to which those by the wanted ones are added.
struct MirrorOutcome {
    std::span<double> overlaps;
    std::span<double> derivatives;
    std::span<const char> wanted;  // by slot
};

// Undoes the sweeps of a mirror, one at least, with the program's present angles, on `ket` and on all `bras`. The
// derivative by a slot is 2 Im <bra|G|ket>, G its generator. Observers hear of the sweeps as stages from `first_stage`
// on. Throws Cancelled.
template <class T>
void run_mirror(const Program& program, const Mirror& mirror, StateVector<T>& ket, std::span<const MirroredBra<T>> bras,
                std::size_t first_stage, const MirrorOutcome& outcome, const RunContext& context);

// How far the amplitude of |0...0> is from 1 in a ket that has gone back there.
template <class T>
double adjoint_residual(const StateVector<T>& ket);

}  // namespace ketjet
