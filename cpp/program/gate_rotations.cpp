#include "program/gate_rotations.hpp"

#include <cmath>
#include <numbers>

namespace ketjet::gate_rotations {

namespace {

constexpr double pi = std::numbers::pi;
constexpr double root_half = std::numbers::sqrt2 / 2;

GivensRotation phase(double angle) { return {.after = angle}; }

GivensRotation rotation_by(double angle, bool imaginary) {
    return {.cosine = std::cos(angle / 2), .sine = std::sin(angle / 2), .imaginary = imaginary};
}

// Both count as imaginary, also one that turns nothing.
PairRotation imaginary_turns(GivensRotation even, GivensRotation odd) {
    even.imaginary = odd.imaginary = true;
    return {{even, odd}};
}

}  // namespace

GivensRotation id(Parameters) { return {}; }
GivensRotation h(Parameters) { return {.before = pi, .cosine = root_half, .sine = root_half}; }
GivensRotation x(Parameters) { return {.before = pi, .cosine = 0, .sine = 1}; }
GivensRotation y(Parameters) { return {.phase = pi / 2, .cosine = 0, .sine = 1}; }
GivensRotation z(Parameters) { return phase(pi); }
GivensRotation s(Parameters) { return phase(pi / 2); }
GivensRotation sdg(Parameters) { return phase(-pi / 2); }
GivensRotation t(Parameters) { return phase(pi / 4); }
GivensRotation tdg(Parameters) { return phase(-pi / 4); }
GivensRotation p(Parameters a) { return phase(reduced_phase(a[0])); }
GivensRotation sx(Parameters) { return {.phase = pi / 4, .cosine = root_half, .sine = root_half, .imaginary = true}; }
GivensRotation sxdg(Parameters) {
    return {.phase = -pi / 4, .cosine = root_half, .sine = -root_half, .imaginary = true};
}

GivensRotation r(Parameters a) {
    GivensRotation rotation = rotation_by(a[0], false);
    rotation.before = pi / 2 - reduced_phase(a[1]);
    rotation.after = -rotation.before;
    return rotation;
}
GivensRotation rx(Parameters a) { return rotation_by(a[0], true); }
GivensRotation ry(Parameters a) { return rotation_by(a[0], false); }
GivensRotation rz(Parameters a) { return {.phase = -reduced_phase(a[0] / 2), .after = reduced_phase(a[0])}; }

GivensRotation u(Parameters a) {
    GivensRotation rotation = rotation_by(a[0], false);
    rotation.before = reduced_phase(a[2]);
    rotation.after = reduced_phase(a[1]);
    return rotation;
}
GivensRotation u2(Parameters a) {
    return {.before = reduced_phase(a[1]), .after = reduced_phase(a[0]), .cosine = root_half, .sine = root_half};
}
GivensRotation cu(Parameters a) {
    GivensRotation rotation = u(a);
    rotation.phase = reduced_phase(a[3]);
    return rotation;
}

PairRotation exchange(Parameters) { return imaginary_turns({}, {.phase = pi / 2, .cosine = 0, .sine = 1}); }
PairRotation iswap(Parameters) { return imaginary_turns({}, {.cosine = 0, .sine = -1}); }
PairRotation rxx(Parameters a) {
    const GivensRotation both = rotation_by(a[0], true);
    return {{both, both}};
}
PairRotation ryy(Parameters a) {
    const GivensRotation odd = rotation_by(a[0], true);
    return {{adjoint(odd), odd}};
}
PairRotation rzz(Parameters a) {
    const double half = reduced_phase(a[0] / 2);
    return imaginary_turns({.phase = -half}, {.phase = half});
}
PairRotation xx_minus_yy(Parameters a) { return {{r(a), GivensRotation()}}; }
PairRotation xx_plus_yy(Parameters a) { return {{GivensRotation(), r(a)}}; }

}  // namespace ketjet::gate_rotations
