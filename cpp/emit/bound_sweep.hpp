// A Sweep with numbers in it: every pass turned into kernel calls with coefficients in the kernels' layout, for one
// instruction set and one scalar type. Made from a Plan and the present slot values, read by the executor.
#pragma once

#include <cstddef>
#include <cstdint>
#include <variant>
#include <vector>

#include "emit/arena.hpp"
#include "kernels/kernel_table.hpp"
#include "plan/plan.hpp"
#include "program/action.hpp"

namespace ketjet {

// Moves every vector of the block by an XOR of its address: a CX whose control is cold.
struct ShiftArgs {
    std::uint32_t offset;
};

using KernelCall = std::variant<DenseArgs, DiagonalArgs, ExchangeArgs, RotationArgs, TurnArgs, PhaseArgs, TurnPhaseArgs,
                                ReflectArgs, ShiftArgs>;

// A factor for the blocks whose base has all bits of `mask`: of the block as a whole, or of a row or table bit of a
// PhaseArgs.
struct ColdFactor {
    Index mask;
    int bit;
    Complex factor;
};

// One kernel call on every block whose cold bits satisfy the condition. What cold bits select:
// dense, diagonal: the coefficient table number extract_bits(base, cold_selector), tables table_bytes apart;
// rotation: its sign, parity(base & cold_selector), with the negated weights table_bytes behind;
// reflect: by that parity, whether its even and odd vectors change places;
// phase: the factors of its row bits and of its table bits.
struct BoundPass {
    Condition cold;
    Index cold_selector = 0;
    std::size_t table_bytes = 0;
    KernelCall call;
    std::vector<ColdFactor> outer{};
    std::vector<ColdFactor> inner{};
    std::size_t number = 0;  // of the plan's pass that it belongs to
};

// A block in memory: rows of 2^run_bits amplitudes, each so many from the block's base.
struct Rows {
    int run_bits = 0;
    std::vector<Index> offsets;
};

struct BoundSweep {
    int block_qubits = 0;
    Rows gathered;  // none of them is known to be zero only in part
    Rows scattered;
    Index cold_mask = 0;             // active qubits outside the block: they number the blocks
    Index zero_mask = 0;             // block qubits above the gathered runs that are |0> before the sweep
    bool from_zero = false;          // no qubit is active yet: the one block is |0...0>
    std::size_t scratch_bytes = 0;   // that one thread needs beside its block
    Complex scale = 1;               // of every amplitude, applied while gathering
    std::vector<ColdFactor> scales;  // of blocks, likewise
    AddressMap gather_map{};
    AddressMap scatter_map{};
    Index sign_mask = 0;               // of vector numbers: odd parity changes the sign while scattering
    const void* lane_signs = nullptr;  // W scalars; null: no sign changes
    bool folded = false;               // here and below: see CopyArgs
    bool conjugates = false;
    Complex end_scale = 1;
    Index unfold_offset = 0;
    Complex unfold_scale = 1;
    std::vector<BoundPass> passes;
    Arena arena;
};

template <class T>
BoundSweep bind_sweep(const Program& program, const Sweep& sweep, const Kernels& kernels);

}  // namespace ketjet
