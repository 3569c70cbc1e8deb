// Unitary matrices taken apart for the turn kernel: a Givens rotation of a plane between two diagonal matrices.
#pragma once

#include <array>
#include <cmath>
#include <numbers>

#include "program/matrix.hpp"

namespace ketjet {

// A matrix of one qubit is e^{i phase} D(after) R D(before) with D(a) = diag(1, e^{ia}), where R is the Givens
// rotation [[c, -s], [s, c]] or, if imaginary, [[c, -is], [-is, c]].
struct GivensRotation {
    double phase = 0;
    double before = 0;
    double after = 0;
    double cosine = 1;
    double sine = 0;
    bool imaginary = false;
};

// A matrix of two qubits that keeps the parity of their bits is one in the plane of |00> and |11>, another one in that
// of |01> and |10>. Both are real, or both imaginary.
struct PairRotation {
    std::array<GivensRotation, 2> of_parity;
};

// What undoes them.
GivensRotation adjoint(const GivensRotation& rotation);
PairRotation adjoint(const PairRotation& pair);

// Takes a matrix apart. The rotation is real.
GivensRotation split_turn(const Matrix& matrix);
PairRotation split_pair(const Matrix& matrix);

// The same for an imaginary rotation up to a phase, before and after being 0. Throws std::logic_error for any other
// matrix.
GivensRotation split_imaginary(const Matrix& matrix);

// The same for a matrix that is real or such an imaginary rotation, up to a phase: the outer parts are signs, 0 or pi.
// Throws std::logic_error for any other matrix.
GivensRotation split_plain_turn(const Matrix& matrix);

// The same for a matrix that flipping both bits does not change: imaginary turns, with nothing before or after them but
// the phases of the parities. Throws std::logic_error for any other matrix.
PairRotation split_plain_pair(const Matrix& matrix);

// e^{i angle}, exact for multiples of pi/4.
Complex unit_phase(double angle);

// The same phase by an angle of at most a turn: a large one would swallow those that are added to it.
double reduced_large_phase(double angle);
inline double reduced_phase(double angle) {
    return std::abs(angle) <= 2 * std::numbers::pi ? angle : reduced_large_phase(angle);
}

}  // namespace ketjet
