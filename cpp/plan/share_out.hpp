// Shares a program out among ranks: cuts it into segments and renames the qubits of each, so that the highest ones are
// the global ones throughout.
#pragma once

#include "plan/rewritten_program.hpp"

namespace ketjet {

// The program for so many ranks as the request wants, in a new order and with a SWAP wherever a qubit becomes global;
// as it is where each rank has the whole state. Throws std::invalid_argument if it measures or saves anything midway or
// has control flow, std::length_error if an operation is on more qubits than one rank has amplitudes of.
RewrittenProgram share_out(RewrittenProgram source, const PlanRequest& request);

}  // namespace ketjet
