// A sweep of a plan and the present angles become kernel calls.
#pragma once

#include <cstdint>
#include <span>

#include "emit/application.hpp"
#include "emit/bound_sweep.hpp"
#include "emit/reading.hpp"
#include "plan/plan.hpp"
#include "program/pauli_string.hpp"

namespace ketjet {

// What is read of the blocks of a sweep after its last pass; see emit_reading.
struct SweepReading {
    std::span<const PauliString> strings{};
    std::span<const std::uint32_t> read{};
    Bra bra = Bra::same_block;
};

// For blocks of scalars T. `program` is that of the plan, with the angles of now.
template <class T>
BoundSweep emit_sweep(const Program& program, const Sweep& sweep, const Kernels& kernels,
                      const SweepReading& reading = {});

// The same in place of what `into` holds, whose memory is used again: for a sweep that is emitted with many angles.
template <class T>
void emit_sweep(const Program& program, const Sweep& sweep, const Kernels& kernels, BoundSweep& into,
                const SweepReading& reading = {});

// What a mirror's sweep does beside its passes: the sums are applied before them, one for each bra, and if there are
// any the overlaps of bras and ket are read then; and derivatives are read by the slots that are wanted, where that is
// not said by all.
struct MirrorReading {
    std::span<const Application> sums{};
    std::span<const char> wanted{};
};

// Likewise of a mirror's sweep.
template <class T>
BoundSweep emit_mirrored(const Program& program, const Sweep& sweep, const Kernels& kernels,
                         const MirrorReading& reading = {});

// A sweep without passes: its blocks are gathered, read and left as they are.
template <class T>
BoundSweep emit_read_sweep(const Sweep& sweep, const SweepReading& reading, const Kernels& kernels);

// Likewise one that applies a sum.
template <class T>
BoundSweep emit_apply_sweep(const Sweep& sweep, const Application& sum, const Kernels& kernels);

}  // namespace ketjet
