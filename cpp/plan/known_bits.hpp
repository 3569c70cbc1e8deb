// The rewrite that works out controls, flips, swaps and measurements of qubits whose value is known.
#pragma once

#include "base/bit_set.hpp"
#include "plan/rewritten_program.hpp"

namespace ketjet {

struct KnownBitsRules {
    bool drop_phases;  // operations that are found to be no more than a global phase are dropped
    bool leave_out;    // measurements of known qubits become classical, and what is known at saves is noted
};

// The qubits in `zero` are |0> at first, and all others unknown.
RewrittenProgram use_known_bits(const RewrittenProgram& source, const BitSet& zero, const KnownBitsRules& rules);

}  // namespace ketjet
