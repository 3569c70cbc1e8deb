// How a state can be cut into blocks, from cache sizes, and what the shape of its blocks makes of a plan's time.
#pragma once

#include <vector>

#include "base/machine.hpp"
#include "base/precision.hpp"
#include "plan/plan.hpp"

namespace ketjet {

// A state of so many qubits is one block, for one thread.
inline constexpr int serial_qubits = 12;

// The block shapes worth considering for a state of `state_qubits`, the one for general use first: the block and its
// source lines share half of L2, and a state above the serial size is cut into at least sixteen blocks. Those that
// follow are in the order in which they make the best plan so far better, over many circuits. They depend on
// caches, precision and size only, not on threads or instruction set, so that results do not either.
std::vector<BlockShape> block_shapes(const Machine& machine, Precision precision, int state_qubits);

// What a plan in blocks of this shape takes of the predicted time, beside one in blocks of the usual shape.
double shape_factor(const BlockShape& shape, const BlockShape& usual, Precision precision);

// Blocks are copied in rows of 2^max_row_bits amplitudes at most: longer ones are copied no faster, and the sampler
// goes through all amplitudes of a row, whose norm the last sweep adds up for it.
inline constexpr int max_row_bits = 8;
// A block of the sweep is scattered in rows of 2^scattered_row_bits amplitudes.
int scattered_row_bits(const Sweep& sweep);

}  // namespace ketjet
