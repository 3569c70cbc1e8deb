// The rewrite that drops what nothing can see.
#pragma once

#include "plan/rewritten_program.hpp"

namespace ketjet {

// Unitary operations that no save, measurement or reset can see disappear: those that act on no qubit that anything
// later reads, by way of others or not.
RewrittenProgram drop_unseen(const RewrittenProgram& source);

}  // namespace ketjet
