// A Sweep with numbers in it: every operation turned into kernel calls with coefficients in the kernels' layout,
// for one instruction set and one scalar type. Made from a Plan and the present slot values, read by the executor.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <variant>
#include <vector>

#include "base/aligned_buffer.hpp"
#include "kernels/kernel_table.hpp"
#include "plan/plan.hpp"
#include "program/action.hpp"

namespace ketjet {

// Memory for coefficients and offsets: grows, never moves, freed at once.
class Arena {
 public:
    template <class U>
    U* take(std::size_t count) {
        return static_cast<U*>(take_bytes(count * sizeof(U)));
    }

 private:
    void* take_bytes(std::size_t bytes);

    std::vector<AlignedBuffer> chunks_;
    std::size_t used_ = 0;
};

using KernelCall = std::variant<DenseArgs, DiagonalArgs, ExchangeArgs, RotationArgs>;

// One kernel call on every block whose cold bits satisfy the condition. What cold bits select:
// dense, diagonal: the coefficient table number extract_bits(base, cold_selector), tables table_bytes apart;
// rotation: its sign, parity(base & cold_selector), with the negated weights table_bytes behind.
struct BoundPass {
    Condition cold;
    Index cold_selector = 0;
    std::size_t table_bytes = 0;
    KernelCall call;
};

struct BoundSweep {
    int block_qubits = 0;
    int run_bits = 0;
    std::vector<Index> row_offsets;  // of the rows of a block, in amplitudes from the block's base
    Index cold_mask = 0;             // active qubits outside the block: they number the blocks
    Index zero_mask = 0;             // block qubits above the run that are |0> before the sweep
    bool from_zero = false;          // no qubit is active yet: the one block is |0...0>
    std::size_t scratch_bytes = 0;   // that one thread needs beside its block
    std::vector<BoundPass> passes;
    Arena arena;
};

template <class T>
BoundSweep bind_sweep(const Program& program, const Sweep& sweep, int lane_bits);

}  // namespace ketjet
