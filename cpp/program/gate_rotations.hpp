// The base gates as rotations between phases, by their angles: what the splits of givens_rotation.hpp find in their
// matrices, up to the order of phases, without matrices. The gate table has a column of them.
#pragma once

#include <span>

#include "program/givens_rotation.hpp"

namespace ketjet::gate_rotations {

using Parameters = std::span<const double>;

GivensRotation id(Parameters);
GivensRotation h(Parameters);
GivensRotation x(Parameters);
GivensRotation y(Parameters);
GivensRotation z(Parameters);
GivensRotation s(Parameters);
GivensRotation sdg(Parameters);
GivensRotation t(Parameters);
GivensRotation tdg(Parameters);
GivensRotation p(Parameters a);
GivensRotation sx(Parameters);
GivensRotation sxdg(Parameters);
GivensRotation r(Parameters a);
GivensRotation rx(Parameters a);
GivensRotation ry(Parameters a);
GivensRotation rz(Parameters a);
GivensRotation u(Parameters a);
GivensRotation u2(Parameters a);
GivensRotation cu(Parameters a);

PairRotation exchange(Parameters);
PairRotation iswap(Parameters);
PairRotation rxx(Parameters a);
PairRotation ryy(Parameters a);
PairRotation rzz(Parameters a);
PairRotation xx_minus_yy(Parameters a);
PairRotation xx_plus_yy(Parameters a);

}  // namespace ketjet::gate_rotations
