// The Euler decomposition ZYZ of a 2x2 unitary, and the simpler one of an X rotation.
#include "emit/givens_rotation.hpp"

#include <cmath>
#include <numbers>
#include <stdexcept>

namespace ketjet {

namespace {

constexpr double eighth = std::numbers::pi / 4;
constexpr double rounding = 1e-15;  // of an angle in units of pi/4
constexpr double tolerance = 1e-9;  // of entries that are zero but for rounding

}  // namespace

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

Complex unit_phase(double angle) {
    constexpr double half = std::numbers::sqrt2 / 2;
    constexpr Complex exact[] = {{1, 0},  {half, half},   {0, 1},  {-half, half},
                                 {-1, 0}, {-half, -half}, {0, -1}, {half, -half}};
    const double eighths = angle / eighth, nearest = std::nearbyint(eighths);
    if (std::abs(eighths - nearest) <= rounding * std::max(1.0, std::abs(nearest))) {
        const auto turns = static_cast<long long>(std::fmod(nearest, 8.0));
        return exact[(turns + 8) % 8];
    }
    return std::polar(1.0, angle);
}

}  // namespace ketjet
