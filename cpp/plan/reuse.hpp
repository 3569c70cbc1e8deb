// The rewrite that lets qubits share places of the state.
#pragma once

#include "plan/rewritten_program.hpp"

namespace ketjet {

// Qubits whose first operation can wait take the places of qubits whose life has ended, in programs that have
// trajectories anyway.
RewrittenProgram reuse_qubits(const RewrittenProgram& source);

}  // namespace ketjet
