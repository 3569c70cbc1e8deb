// The rewrite that drops what no outcome depends on.
#pragma once

#include "plan/rewritten_program.hpp"

namespace ketjet {

// Operations that no measurement or save can tell disappear, and so do the qubits that are left with none.
RewrittenProgram prune(const RewrittenProgram& source);

}  // namespace ketjet
