// The Euler decomposition ZYZ of a 2x2 unitary, and the simpler one of an X rotation; of a pair, for each parity.
#include "program/givens_rotation.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <optional>
#include <stdexcept>

namespace ketjet {

namespace {

constexpr double eighth = std::numbers::pi / 4;
constexpr double rounding = 1e-15;  // of an angle in units of pi/4
constexpr double tolerance = 1e-9;  // of entries that are zero but for rounding

// How many times pi/4 an angle is, modulo 8, if it is but for rounding; up to `most` times.
std::optional<std::size_t> eighths_of(double angle, double most) {
    const double eighths = angle * (1 / eighth);
    if (!(std::abs(eighths) <= most)) return {};
    const auto nearest = static_cast<std::int64_t>(eighths + std::copysign(0.5, eighths));
    const double whole = static_cast<double>(nearest);
    if (std::abs(eighths - whole) > rounding * std::max(1.0, std::abs(whole))) return {};
    return static_cast<std::size_t>(nearest & 7);
}

Matrix of_parity(const Matrix& m, std::size_t p) {
    return Matrix(2, {m(p, p), m(p, 3 - p), m(3 - p, p), m(3 - p, 3 - p)});
}

}  // namespace

GivensRotation adjoint(const GivensRotation& rotation) {
    return {-rotation.phase, -rotation.after, -rotation.before, rotation.cosine, -rotation.sine, rotation.imaginary};
}

PairRotation adjoint(const PairRotation& pair) { return {{adjoint(pair.of_parity[0]), adjoint(pair.of_parity[1])}}; }

GivensRotation split_turn(const Matrix& m) {
    const double cosine = std::abs(m(0, 0)), sine = std::abs(m(1, 0));
    if (sine == 0) return {std::arg(m(0, 0)), 0, std::arg(m(1, 1)) - std::arg(m(0, 0)), cosine, 0, false};
    if (cosine == 0) {
        const double phase = std::arg(m(1, 0));
        return {phase, std::arg(-m(0, 1)) - phase, 0, 0, sine, false};
    }
    const double phase = std::arg(m(0, 0)), before = std::arg(-m(0, 1)) - phase;
    // Unitarity fixes one of the four phases by the others: it is left to the entries that are small.
    const double after = (sine < cosine ? std::arg(m(1, 1)) - before : std::arg(m(1, 0))) - phase;
    return {phase, before, after, cosine, sine, false};
}

GivensRotation split_imaginary(const Matrix& m) {
    const Complex cosine = m(0, 0), sine = Complex(0, 1) * m(0, 1);
    const double phase = std::arg(std::abs(cosine) >= std::abs(sine) ? cosine : sine);
    const Complex back = std::polar(1.0, -phase);
    if (std::abs((cosine * back).imag()) > tolerance || std::abs((sine * back).imag()) > tolerance) {
        throw std::logic_error("this matrix is neither real nor a rotation about X");
    }
    return {phase, 0, 0, (cosine * back).real(), (sine * back).real(), true};
}

GivensRotation split_plain_turn(const Matrix& m) {
    GivensRotation rotation = split_turn(m);
    for (double* const outer : {&rotation.before, &rotation.after}) {
        const Complex factor = std::polar(1.0, *outer);
        if (std::abs(factor.imag()) > tolerance) return split_imaginary(m);
        *outer = factor.real() < 0 ? std::numbers::pi : 0;
    }
    return rotation;
}

PairRotation split_pair(const Matrix& matrix) {
    return {{split_turn(of_parity(matrix, 0)), split_turn(of_parity(matrix, 1))}};
}

PairRotation split_plain_pair(const Matrix& matrix) {
    return {{split_imaginary(of_parity(matrix, 0)), split_imaginary(of_parity(matrix, 1))}};
}

Complex unit_phase(double angle) {
    constexpr double half = std::numbers::sqrt2 / 2;
    constexpr Complex exact[] = {{1, 0},  {half, half},   {0, 1},  {-half, half},
                                 {-1, 0}, {-half, -half}, {0, -1}, {half, -half}};
    constexpr double most = 1 << 20;
    if (const auto eighths = eighths_of(angle, most)) return exact[*eighths];
    return std::polar(1.0, angle);
}

// A turn is the sum of two numbers, the first of 33 bits, so that many of those are still exact (as in fdlibm's
// __ieee754_rem_pio2); of more, its factor tells what is left.
double reduced_large_phase(double angle) {
    constexpr double turn = 0x1.921fb544p+2, rest = 0x1.0b4611a626331p-32, many = 1 << 19, most_eighths = 64;
    if (const auto eighths = eighths_of(angle, most_eighths)) return eighth * static_cast<double>(*eighths);
    const double turns = std::nearbyint(angle / (8 * eighth));
    if (std::abs(turns) > many) return std::arg(std::polar(1.0, angle));
    return (angle - turns * turn) - turns * rest;
}

}  // namespace ketjet
