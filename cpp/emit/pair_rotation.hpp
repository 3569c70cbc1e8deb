// A unitary 4x4 matrix that keeps the parity of its two bits, taken apart for the turn kernel: phases . one turn of
// |00> and |11>, another one of |01> and |10> . phases.
#pragma once

#include <array>

#include "emit/givens_rotation.hpp"
#include "plan/plan.hpp"
#include "program/action.hpp"

namespace ketjet {

// By parity p, the matrix of the basis states p and 3 - p; both are real, or both imaginary.
struct PairRotation {
    std::array<GivensRotation, 2> of_parity;
};

PairRotation split_pair(const Matrix& matrix);

// The same for a matrix that flipping both bits does not change: imaginary turns, with nothing before or after them but
// the phases of the parities. Throws std::logic_error for any other matrix.
PairRotation split_plain_pair(const Matrix& matrix);

// One part of the decomposition on two qubits, those of the lower and the higher bit: the phases before or after the
// turn, the latter with those of the parities, or the turn alone.
Action part_of_pair(const PairRotation& pair, Part part, int low, int high);

}  // namespace ketjet
