// From packed arrays to checked operations, for Program only. Every rule about what a well-formed packed program
// is stands in unpack.cpp and in the two tables it reads (gates and instructions).
#pragma once

#include <span>
#include <vector>

#include "program/operation.hpp"
#include "program/packed_program.hpp"

namespace ketjet {

// All operations of `packed`; throws std::invalid_argument naming the operation, what is wrong and the fix.
std::vector<Operation> unpack(const PackedProgram& packed);

// Throws std::invalid_argument, naming the operation it belongs to, when one of `slots` is not finite.
void check_slots(const PackedProgram& packed, std::span<const double> slots);

}  // namespace ketjet
