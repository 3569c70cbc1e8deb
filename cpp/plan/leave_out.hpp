// The rewrite that leaves qubits out of the state.
#pragma once

#include "plan/rewritten_program.hpp"

namespace ketjet {

// Qubits that nothing looks at but saves that know their value need no amplitudes. Nothing else is done to them than
// flips and resets, which are dropped with them.
RewrittenProgram leave_out_known(const RewrittenProgram& source);

}  // namespace ketjet
