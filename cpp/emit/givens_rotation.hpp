// A unitary 2x2 matrix taken apart for the turn kernel: a Givens rotation between two diagonal matrices.
#pragma once

#include "program/matrix.hpp"

namespace ketjet {

// The matrix is e^{i phase} D(after) R D(before) with D(a) = diag(1, e^{ia}), where R is the Givens
// rotation [[c, -s], [s, c]] or, if imaginary, [[c, -is], [-is, c]]; before and after are 0 then.
struct GivensRotation {
    double phase;
    double before;
    double after;
    double cosine;
    double sine;
    bool imaginary;
};

GivensRotation split_turn(const Matrix& matrix);

// The same for an imaginary rotation up to a phase. Throws std::logic_error for any other matrix.
GivensRotation split_imaginary(const Matrix& matrix);

// The same for a matrix that is real or such an imaginary rotation, up to a phase: the outer parts are signs, 0 or pi.
// Throws std::logic_error for any other matrix.
GivensRotation split_plain_turn(const Matrix& matrix);

// e^{i angle}, exact for multiples of pi/4.
Complex unit_phase(double angle);

}  // namespace ketjet
