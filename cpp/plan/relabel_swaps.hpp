// The rewrite that lets swaps and permutations rename qubits.
#pragma once

#include "base/bit_set.hpp"
#include "plan/rewritten_program.hpp"

namespace ketjet {

// Swaps and permutations without controls of qubits that are |0> at first disappear: they rename the qubits of all
// earlier operations, which |0...0> does not notice.
RewrittenProgram relabel_swaps(const RewrittenProgram& source, const BitSet& zero);

}  // namespace ketjet
