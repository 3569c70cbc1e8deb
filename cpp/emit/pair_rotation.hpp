// The parts of a unitary 4x4 matrix that keeps the parity of its two bits: phases . one turn of |00> and |11>, another
// one of |01> and |10> . phases.
#pragma once

#include "plan/plan.hpp"
#include "program/action.hpp"
#include "program/givens_rotation.hpp"

namespace ketjet {

// One part of a pair on two qubits, those of the lower and the higher bit: the phases before or after the
// turn, the latter with those of the parities, or the turn alone.
Action part_of_pair(const PairRotation& pair, Part part, int low, int high);

}  // namespace ketjet
