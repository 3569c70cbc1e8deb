// A sweep of a plan and the present angles become kernel calls.
#pragma once

#include <cstdint>
#include <span>

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

// Likewise of a mirror's sweep, with the readings for derivatives by slots among its passes.
template <class T>
BoundSweep emit_mirrored(const Program& program, const Sweep& sweep, const Kernels& kernels);

// A sweep without passes: its blocks are gathered, read and left as they are.
template <class T>
BoundSweep emit_read_sweep(const Sweep& sweep, const SweepReading& reading, const Kernels& kernels);

}  // namespace ketjet
