// The gate table. Above it the matrices of the base gates, exactly as Qiskit defines them (phases included);
// entries that are exact numbers are written as such, never computed from an angle. Angles are never added, for a large
// one would swallow a small one: their factors are multiplied.
#include "program/gate.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <numbers>

namespace ketjet {
namespace {

using Parameters = std::span<const double>;

constexpr Complex i{0.0, 1.0};
constexpr double root_half = std::numbers::sqrt2 / 2;

Complex expi(double angle) { return std::polar(1.0, angle); }

Matrix phase_matrix(Complex factor) { return Matrix(2, {1, 0, 0, factor}); }

Matrix u_matrix(double theta, double phi, double lambda) {
    const double cosine = std::cos(theta / 2);
    const double sine = std::sin(theta / 2);
    return Matrix(2, {cosine, -expi(lambda) * sine, expi(phi) * sine, expi(phi) * expi(lambda) * cosine});
}

Matrix identity(Parameters) { return Matrix::identity(2); }
Matrix h(Parameters) { return Matrix(2, {root_half, root_half, root_half, -root_half}); }
Matrix x(Parameters) { return Matrix(2, {0, 1, 1, 0}); }
Matrix y(Parameters) { return Matrix(2, {0, -i, i, 0}); }
Matrix z(Parameters) { return phase_matrix(-1); }
Matrix s(Parameters) { return phase_matrix(i); }
Matrix sdg(Parameters) { return phase_matrix(-i); }
Matrix t(Parameters) { return phase_matrix({root_half, root_half}); }
Matrix tdg(Parameters) { return phase_matrix({root_half, -root_half}); }
Matrix p(Parameters a) { return phase_matrix(expi(a[0])); }
Matrix sx(Parameters) { return Matrix(2, {{0.5, 0.5}, {0.5, -0.5}, {0.5, -0.5}, {0.5, 0.5}}); }
Matrix sxdg(Parameters) { return Matrix(2, {{0.5, -0.5}, {0.5, 0.5}, {0.5, 0.5}, {0.5, -0.5}}); }

Matrix r(Parameters a) {
    const double cosine = std::cos(a[0] / 2);
    const double sine = std::sin(a[0] / 2);
    return Matrix(2, {cosine, -i * expi(-a[1]) * sine, -i * expi(a[1]) * sine, cosine});
}
Matrix rx(Parameters a) {
    const double cosine = std::cos(a[0] / 2);
    const double sine = std::sin(a[0] / 2);
    return Matrix(2, {cosine, {0, -sine}, {0, -sine}, cosine});
}
Matrix ry(Parameters a) {
    const double cosine = std::cos(a[0] / 2);
    const double sine = std::sin(a[0] / 2);
    return Matrix(2, {cosine, -sine, sine, cosine});
}
Matrix rz(Parameters a) { return Matrix(2, {expi(-a[0] / 2), 0, 0, expi(a[0] / 2)}); }

Matrix u(Parameters a) { return u_matrix(a[0], a[1], a[2]); }
Matrix u2(Parameters a) {
    return Matrix(2, {root_half, -expi(a[1]) * root_half, expi(a[0]) * root_half, expi(a[0]) * expi(a[1]) * root_half});
}
Matrix cu(Parameters a) {
    const Matrix base = u_matrix(a[0], a[1], a[2]);
    const Complex factor = expi(a[3]);
    return Matrix(2, {factor * base(0, 0), factor * base(0, 1), factor * base(1, 0), factor * base(1, 1)});
}

Matrix exchange(Parameters) { return Matrix(4, {1, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1}); }
Matrix iswap(Parameters) { return Matrix(4, {1, 0, 0, 0, 0, 0, i, 0, 0, i, 0, 0, 0, 0, 0, 1}); }
Matrix dcx(Parameters) { return Matrix(4, {1, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 1, 0}); }
Matrix ecr(Parameters) {
    constexpr double one = root_half;
    constexpr Complex im{0.0, root_half};
    return Matrix(4, {0, one, 0, im, one, 0, -im, 0, 0, im, 0, one, -im, 0, one, 0});
}

// exp(-i angle/2 P) = cos(angle/2) - i sin(angle/2) P; these P have their entries on the antidiagonal.
Matrix rxx(Parameters a) {
    const Complex c = std::cos(a[0] / 2);
    const Complex m{0, -std::sin(a[0] / 2)};
    return Matrix(4, {c, 0, 0, m, 0, c, m, 0, 0, m, c, 0, m, 0, 0, c});
}
Matrix ryy(Parameters a) {
    const Complex c = std::cos(a[0] / 2);
    const Complex m{0, -std::sin(a[0] / 2)};
    return Matrix(4, {c, 0, 0, -m, 0, c, m, 0, 0, m, c, 0, -m, 0, 0, c});
}
// Z on target 0, X on target 1: flips the high index bit with a sign from the low one.
Matrix rzx(Parameters a) {
    const Complex c = std::cos(a[0] / 2);
    const Complex m{0, -std::sin(a[0] / 2)};
    return Matrix(4, {c, 0, m, 0, 0, c, 0, -m, m, 0, c, 0, 0, -m, 0, c});
}
Matrix rzz(Parameters a) {
    const Complex even = expi(-a[0] / 2);
    const Complex odd = expi(a[0] / 2);
    return Matrix(4, {even, 0, 0, 0, 0, odd, 0, 0, 0, 0, odd, 0, 0, 0, 0, even});
}

// The x-rotation r(theta, beta) between two basis states, lower index first.
Matrix rotation_between(std::size_t first, std::size_t second, double theta, double beta) {
    Matrix result = Matrix::identity(4);
    result(first, first) = result(second, second) = std::cos(theta / 2);
    const Complex amplitude{0, -std::sin(theta / 2)};
    result(first, second) = amplitude * expi(-beta);
    result(second, first) = amplitude * expi(beta);
    return result;
}
Matrix xx_minus_yy(Parameters a) { return rotation_between(0, 3, a[0], a[1]); }
Matrix xx_plus_yy(Parameters a) { return rotation_between(1, 2, a[0], a[1]); }

Matrix rccx(Parameters) {
    Matrix result = Matrix::identity(8);
    result(5, 5) = -1;
    result(3, 3) = result(7, 7) = 0;
    result(3, 7) = -i;
    result(7, 3) = i;
    return result;
}
Matrix rcccx(Parameters) {
    Matrix result = Matrix::identity(16);
    result(3, 3) = i;
    result(11, 11) = -i;
    result(7, 7) = result(15, 15) = 0;
    result(7, 15) = 1;
    result(15, 7) = -1;
    return result;
}

using enum Structure;

// name, controls, targets, parameters, structure, paulis, matrix
constexpr GateFacts rows[] = {
    {"id", 0, 1, 0, diagonal, "", identity},
    {"h", 0, 1, 0, dense, "", h},
    {"x", 0, 1, 0, flip, "", x},
    {"y", 0, 1, 0, dense, "", y},
    {"z", 0, 1, 0, phase, "", z},
    {"s", 0, 1, 0, phase, "", s},
    {"sdg", 0, 1, 0, phase, "", sdg},
    {"t", 0, 1, 0, phase, "", t},
    {"tdg", 0, 1, 0, phase, "", tdg},
    {"p", 0, 1, 1, phase, "", p},
    {"u1", 0, 1, 1, phase, "", p},
    {"sx", 0, 1, 0, dense, "", sx},
    {"sxdg", 0, 1, 0, dense, "", sxdg},
    {"r", 0, 1, 2, dense, "", r},
    {"rx", 0, 1, 1, dense, "", rx},
    {"ry", 0, 1, 1, dense, "", ry},
    {"rz", 0, 1, 1, diagonal, "", rz},
    {"u", 0, 1, 3, dense, "", u},
    {"u2", 0, 1, 2, dense, "", u2},
    {"u3", 0, 1, 3, dense, "", u},

    {"ch", 1, 1, 0, dense, "", h},
    {"cx", 1, 1, 0, flip, "", x},
    {"cy", 1, 1, 0, dense, "", y},
    {"cz", 1, 1, 0, phase, "", z},
    {"cs", 1, 1, 0, phase, "", s},
    {"csdg", 1, 1, 0, phase, "", sdg},
    {"cp", 1, 1, 1, phase, "", p},
    {"cu1", 1, 1, 1, phase, "", p},
    {"csx", 1, 1, 0, dense, "", sx},
    {"crx", 1, 1, 1, dense, "", rx},
    {"cry", 1, 1, 1, dense, "", ry},
    {"crz", 1, 1, 1, diagonal, "", rz},
    {"cu", 1, 1, 4, dense, "", cu},
    {"cu3", 1, 1, 3, dense, "", u},

    {"swap", 0, 2, 0, swap, "", exchange},
    {"iswap", 0, 2, 0, dense, "", iswap},
    {"dcx", 0, 2, 0, dense, "", dcx},
    {"ecr", 0, 2, 0, dense, "", ecr},
    {"rxx", 0, 2, 1, rotation, "XX", rxx},
    {"ryy", 0, 2, 1, rotation, "YY", ryy},
    {"rzx", 0, 2, 1, rotation, "ZX", rzx},
    {"rzz", 0, 2, 1, diagonal, "", rzz},
    {"xx_minus_yy", 0, 2, 2, dense, "", xx_minus_yy},
    {"xx_plus_yy", 0, 2, 2, dense, "", xx_plus_yy},

    {"ccx", 2, 1, 0, flip, "", x},
    {"ccz", 2, 1, 0, phase, "", z},
    {"cswap", 1, 2, 0, swap, "", exchange},
    {"rccx", 0, 3, 0, dense, "", rccx},
    {"c3sx", 3, 1, 0, dense, "", sx},
    {"rcccx", 0, 4, 0, dense, "", rcccx},
};

}  // namespace

std::span<const GateFacts> gate_table() { return rows; }

std::int32_t gate_row(std::string_view name) {
    const auto row = std::ranges::find(gate_table(), name, &GateFacts::name);
    return static_cast<std::int32_t>(std::distance(gate_table().begin(), row));
}

}  // namespace ketjet
