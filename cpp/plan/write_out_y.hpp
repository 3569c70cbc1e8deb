// The rewrite that writes out Y.
#pragma once

#include "plan/rewritten_program.hpp"

namespace ketjet {

// Y becomes Z, X and a phase of the whole state, which are no work for the kernels; in programs that start in any
// state.
RewrittenProgram write_out_y(const RewrittenProgram& source, bool keeps_phases);

}  // namespace ketjet
