// The rewrite that drops what no outcome depends on; and what expectation values do not depend on.
#pragma once

#include <vector>

#include "base/bits.hpp"
#include "plan/rewritten_program.hpp"

namespace ketjet {

// Operations that no measurement or save can tell disappear, and so do the qubits that are left with none.
RewrittenProgram prune(const RewrittenProgram& source);

// Of each operation of a program, whether averages of products of Paulis over the final states depend on it: of
// products with X or Y on the qubits `moved`, and Z, Y or projectors on the qubits `kept`. The program has
// max_state_qubits at most, which all are |0> at first.
std::vector<bool> needed_to_read(const Program& program, Index moved, Index kept);

}  // namespace ketjet
