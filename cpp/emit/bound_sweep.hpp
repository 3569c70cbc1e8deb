// A Sweep with numbers in it: every pass turned into kernel calls with coefficients in the kernels' layout, for one
// instruction set and one scalar type. Emitted from a Plan and the present slot values, read by the executor.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <variant>
#include <vector>

#include "emit/arena.hpp"
#include "kernels/kernel_table.hpp"
#include "program/action.hpp"

namespace ketjet {

// Kernel calls: the arguments, and what the cold bits of a block, its `base`, change of them.

// The coefficients are those of table number extract_bits(base, cold); tables are so many bytes apart.
struct TableChoice {
    Index cold = 0;
    std::size_t table_bytes = 0;
};
struct DenseCall {
    DenseArgs args;
    TableChoice choice;
};
struct DiagonalCall {
    DiagonalArgs args;
    TableChoice choice;
};

struct ExchangeCall {
    ExchangeArgs args;
};

// Where parity(base & cold) is odd, the weights are the negated ones.
struct RotationCall {
    RotationArgs args;
    Index cold;
    const void* negated_first;
    const void* negated_second;
};

struct TurnCall {
    TurnArgs args;
};

// A bit that counts rows, or the entries of a table, has a factor in the blocks where a cold qubit is 1.
struct BitFactor {
    int bit;
    int cold;  // the qubit
    Complex factor;
};
// Stored in the sweep's arena.
struct ColdPhases {
    std::span<const BitFactor> outer;  // of row bits
    std::span<const BitFactor> inner;  // of table bits
};
struct PhaseCall {
    PhaseArgs args;
    ColdPhases cold;
};
struct TurnPhaseCall {
    TurnPhaseArgs args;
    ColdPhases cold;
};

// Where parity(base & cold) is odd, even and odd vectors change places.
struct ReflectCall {
    ReflectArgs args;
    Index cold;
};

// Moves every vector of the block by an XOR of its address: a CX whose control is cold.
struct ShiftCall {
    std::uint32_t offset;
};

// What a string of a ReadCall adds to: the sum of this number, times a factor, which is negated where
// parity(base & cold_signs) is odd.
struct ReadSum {
    std::uint32_t sum;
    Index cold_signs;
    double factor;
};
// Reads amplitudes and changes none. Whoever runs it gives the bra's block, and memory for sums and scratch.
struct ReadCall {
    PauliSumsArgs args;
    std::span<ReadSum> sums;  // in the sweep's arena

    // The sums come first, in whole lines, then the kernel's scratch.
    std::size_t scratch_begin() const { return (sums.size() * sizeof(double) + line_bytes - 1) & ~(line_bytes - 1); }
    std::size_t scratch_bytes() const { return scratch_begin() + sums.size() * pauli_scratch_bytes; }
};

// Likewise of several strings that flip one vector bit each.
struct AxisReadCall {
    AxisSumsArgs args;
    std::span<ReadSum> sums;
};

// Likewise of strings in the planes of turns, before these.
struct ReadTurnCall {
    ReadTurnArgs args;
    std::span<ReadSum> sums;
};

// Likewise of diagonal strings, before phases.
struct ReadPhaseCall {
    ReadPhaseArgs args;
    ColdPhases cold;
    std::span<ReadSum> sums;

    // The sums come first, in whole lines, then a line for each, then the scratch of the phases.
    std::size_t lines_begin() const { return (sums.size() * sizeof(double) + line_bytes - 1) & ~(line_bytes - 1); }
    std::size_t phases_begin() const { return lines_begin() + sums.size() * line_bytes; }
};

// Adds to the block of one bra what strings make of the ket's. Groups whose condition the bra's base does not meet are
// left out, and where parity(base & cold_signs) is odd a string's coefficient is negated.
struct ApplyCall {
    PauliApplyArgs args;
    std::span<const Condition> conditions;  // of the groups
    std::span<const Index> cold_signs;      // of the strings of all groups, which follow each other
    std::size_t bra;

    // The groups come first, in whole lines, then the strings.
    std::size_t strings_begin() const {
        return (conditions.size() * sizeof(PauliGroup) + line_bytes - 1) & ~(line_bytes - 1);
    }
    std::size_t scratch_bytes() const { return strings_begin() + cold_signs.size() * sizeof(WeightedSigns); }
};

using KernelCall = std::variant<DenseCall, DiagonalCall, ExchangeCall, RotationCall, TurnCall, PhaseCall, TurnPhaseCall,
                                ReflectCall, ShiftCall, ReadCall, AxisReadCall, ReadTurnCall, ReadPhaseCall, ApplyCall>;

// Whether it works on two blocks, ket and bra, where all others change one.
inline bool reads(const KernelCall& call) {
    return std::holds_alternative<ReadCall>(call) || std::holds_alternative<AxisReadCall>(call) ||
           std::holds_alternative<ReadTurnCall>(call) || std::holds_alternative<ReadPhaseCall>(call);
}

// A kernel call on every block whose base meets the condition.
struct BoundCall {
    Condition cold;
    KernelCall call;
    std::size_t pass = 0;  // of the plan's sweep: that which it belongs to, or behind_passes

    static constexpr std::size_t behind_passes = ~std::size_t{0};
};

// A factor of the blocks whose base has all bits of `mask`.
struct ColdFactor {
    Index mask;
    Complex factor;
};

// A block of these qubits in memory: rows of 2^run_bits amplitudes, each so many from the block's base.
struct Rows {
    Index qubits = 0;
    int run_bits = 0;
    std::vector<Index> offsets;
};

// How the numbers of a folded block are scattered, and how they become amplitudes in the last folded sweep: see
// CopyArgs.
struct FoldedEnd {
    bool conjugates = false;
    Complex scale = 1;
};
struct Unfolding {
    Index offset = 0;
    Complex scale = 1;
};

// In a mirror's sweep: the derivative by a slot is the sum of its readings times these factors.
struct SlotShare {
    std::uint32_t slot;
    std::uint32_t reading;
    double factor;
};

struct BoundSweep {
    int block_qubits = 0;
    Rows gathered;  // none of them is known to be zero only in part
    Rows scattered;
    Index cold_mask = 0;                    // active qubits outside the block: they number the blocks
    Index zero_mask = 0;                    // block qubits above the gathered runs that are |0> before the sweep
    Index left_out = 0;                     // rows where one of these block qubits is 1 are not scattered
    bool from_zero = false;                 // no qubit is active yet: the one block is |0...0>
    std::size_t scratch_bytes = 0;          // that one thread needs beside its block
    Complex scale = 1;                      // of every amplitude, applied while gathering
    std::vector<ColdFactor> block_factors;  // likewise
    AddressMap gather_map{};
    AddressMap scatter_map{};
    Index sign_mask = 0;               // of vector numbers: odd parity changes the sign while scattering
    const void* lane_signs = nullptr;  // W scalars; null: no sign changes
    std::optional<FoldedEnd> folded;
    std::optional<Unfolding> unfolding;
    std::vector<BoundCall> calls;
    std::size_t readings = 0;     // of a mirror: the sums that its calls add to
    bool reads_overlaps = false;  // the first of them is the real part of <bra|ket>
    std::vector<SlotShare> slot_shares;
    Arena arena;        // what the calls point to
    Arena temporaries;  // of emitting alone

    std::size_t blocks() const { return std::size_t{1} << count_bits(cold_mask); }
    // As new, but with the memory that it has, and rows in case that they are wanted again: whoever emits a sweep into
    // it once more takes no further memory.
    void clear();
};

}  // namespace ketjet
