// Straight programs on few qubits, run operation by operation, for many sets of angles at once. What a run on a small
// state takes is not its amplitudes but what is worked out for them, and that is shared by all points of a block.
// Nothing is grouped and no point knows of another one, so that it has the same digits alone and in company.
#pragma once

#include <cstddef>
#include <span>

#include "base/stop_token.hpp"
#include "batch/batch_block.hpp"
#include "kernels/kernel_table.hpp"
#include "program/program.hpp"

namespace ketjet {

// Runs operations [begin, end) of a program, one of a plan that runs_by_operation, on the states of a block. `slots`
// are the program's, those of one point after another, of one to as many as the block has: its other points hold what
// is of no use. Throws Cancelled.
template <class T>
void run_batch(const Program& program, std::size_t begin, std::size_t end, std::span<const double> slots,
               BatchBlock<T>& block, const Kernels& kernels, const StopToken& stop);

}  // namespace ketjet
