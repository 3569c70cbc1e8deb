// Where a program begins with operations that keep amplitudes real: the qubit along which the state is folded meanwhile
// (Sweep::folded), and the program with what acts on this qubit written so that a folded sweep can do it.
#pragma once

#include <cstdint>
#include <optional>

#include "plan/rewritten_program.hpp"

namespace ketjet {

struct FoldedPart {
    int qubit = -1;  // none: nothing is folded
    // Operations before this one keep amplitudes real, or are phases of the whole state or measurements.
    std::uint32_t end = 0;
};

struct Folded {
    RewrittenProgram program;
    FoldedPart part;
};

// Nothing if there is no such beginning that is worth a plan of its own, or no qubit for it. A folded sweep does
// one-qubit operations and controlled Z on the qubit; controlled X, with the qubit as target or control, become these
// and H.
std::optional<Folded> fold(const RewrittenProgram& source);

}  // namespace ketjet
