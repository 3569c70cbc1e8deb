// The gate table. Above it the matrices of the base gates, exactly as Qiskit defines them (phases included), and their
// generators. Entries that are exact numbers are written as such, never computed from an angle. Angles are never added,
// for a large one would swallow a small one: their factors are multiplied.
#include "program/gate.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <numbers>
#include <stdexcept>
#include <string>

#include "program/gate_rotations.hpp"

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

// Generators. That of an angle a of U = exp(-i a/2 P) is P/2, whatever the angle.
Matrix half(Matrix pauli) {
    const std::size_t dimension = pauli.dimension();
    for (std::size_t row = 0; row < dimension; ++row) {
        for (std::size_t column = 0; column < dimension; ++column) pauli(row, column) *= 0.5;
    }
    return pauli;
}
Matrix x_half(Parameters, std::size_t) { return half(x({})); }
Matrix y_half(Parameters, std::size_t) { return half(y({})); }
Matrix z_half(Parameters, std::size_t) { return half(z({})); }
Matrix xx_half(Parameters, std::size_t) { return half(Matrix(4, {0, 0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0, 0})); }
Matrix yy_half(Parameters, std::size_t) { return half(Matrix(4, {0, 0, 0, -1, 0, 0, 1, 0, 0, 1, 0, 0, -1, 0, 0, 0})); }
Matrix zx_half(Parameters, std::size_t) { return half(Matrix(4, {0, 0, 1, 0, 0, 0, 0, -1, 1, 0, 0, 0, 0, -1, 0, 0})); }
Matrix zz_half(Parameters, std::size_t) { return half(Matrix(4, {1, 0, 0, 0, 0, -1, 0, 0, 0, 0, -1, 0, 0, 0, 0, 1})); }

// Adds a multiple of U |column><column| U+.
void add_image(Matrix& sum, const Matrix& u, std::size_t column, double weight) {
    for (std::size_t row = 0; row < u.dimension(); ++row) {
        for (std::size_t other = 0; other < u.dimension(); ++other) {
            sum(row, other) += weight * u(row, column) * std::conj(u(other, column));
        }
    }
}

// Of an angle that multiplies the entry of |1> before the rest of U: the projector onto |1>, seen from behind U.
Matrix phase_before(const Matrix& u) {
    Matrix result(2);
    add_image(result, u, 1, -1);
    return result;
}
Matrix phase_generator(Parameters, std::size_t) { return phase_before(Matrix::identity(2)); }

// Of the angle between two basis states in rotation_between(first, second, theta, beta), where that is the axis, and of
// the axis: it is turned by phases of opposite sign on the two, before U and back behind it.
Matrix rotation_generator(const Matrix& u, std::size_t first, std::size_t second, double beta, std::size_t which) {
    Matrix result(u.dimension());
    if (which == 0) {
        result(first, second) = expi(-beta) / 2.0;
        result(second, first) = expi(beta) / 2.0;
        return result;
    }
    result(first, first) = 0.5;
    result(second, second) = -0.5;
    add_image(result, u, first, -0.5);
    add_image(result, u, second, 0.5);
    return result;
}
Matrix r_generator(Parameters a, std::size_t which) { return rotation_generator(r(a), 0, 1, a[1], which); }
Matrix xx_minus_yy_generator(Parameters a, std::size_t which) {
    return rotation_generator(xx_minus_yy(a), 0, 3, a[1], which);
}
Matrix xx_plus_yy_generator(Parameters a, std::size_t which) {
    return rotation_generator(xx_plus_yy(a), 1, 2, a[1], which);
}

// u = P(phi) RY(theta) P(lambda).
Matrix u_generator(Parameters a, std::size_t which) {
    if (which == 1) return phase_generator({}, 0);
    if (which == 2) return phase_before(u(a));
    return Matrix(2, {0, -i * expi(-a[1]) / 2.0, i * expi(a[1]) / 2.0, 0});
}
Matrix u2_generator(Parameters a, std::size_t which) {
    return which == 0 ? phase_generator({}, 0) : phase_before(u2(a));
}
Matrix cu_generator(Parameters a, std::size_t which) {
    return which == 3 ? Matrix(2, {-1, 0, 0, -1}) : u_generator(a, which);
}

namespace direct = gate_rotations;

using enum Structure;
using enum TurnKind;
constexpr bool yes = true, no = false;

// name, controls, targets, parameters, structure, paulis, turn, pair turn, monomial, real, base, matrix, rotation, pair
// rotation, generator
constexpr GateFacts rows[] = {
    {"id", 0, 1, 0, diagonal, "", none, general, yes, yes, "", identity, direct::id, nullptr, nullptr},
    {"h", 0, 1, 0, dense, "", real, none, no, yes, "", h, direct::h, nullptr, nullptr},
    {"x", 0, 1, 0, flip, "", real, none, yes, yes, "", x, direct::x, nullptr, nullptr},
    {"y", 0, 1, 0, dense, "", real, none, yes, no, "", y, direct::y, nullptr, nullptr},
    {"z", 0, 1, 0, phase, "", none, general, yes, yes, "", z, direct::z, nullptr, nullptr},
    {"s", 0, 1, 0, phase, "", none, general, yes, no, "", s, direct::s, nullptr, nullptr},
    {"sdg", 0, 1, 0, phase, "", none, general, yes, no, "", sdg, direct::sdg, nullptr, nullptr},
    {"t", 0, 1, 0, phase, "", none, general, yes, no, "", t, direct::t, nullptr, nullptr},
    {"tdg", 0, 1, 0, phase, "", none, general, yes, no, "", tdg, direct::tdg, nullptr, nullptr},
    {"p", 0, 1, 1, phase, "", none, general, yes, no, "", p, direct::p, nullptr, phase_generator},
    {"u1", 0, 1, 1, phase, "", none, general, yes, no, "", p, direct::p, nullptr, phase_generator},
    {"sx", 0, 1, 0, dense, "", imaginary, none, no, no, "", sx, direct::sx, nullptr, nullptr},
    {"sxdg", 0, 1, 0, dense, "", imaginary, none, no, no, "", sxdg, direct::sxdg, nullptr, nullptr},
    {"r", 0, 1, 2, dense, "", general, none, no, no, "", r, direct::r, nullptr, r_generator},
    {"rx", 0, 1, 1, dense, "", imaginary, none, no, no, "", rx, direct::rx, nullptr, x_half},
    {"ry", 0, 1, 1, dense, "", real, none, no, yes, "", ry, direct::ry, nullptr, y_half},
    {"rz", 0, 1, 1, diagonal, "", none, general, yes, no, "", rz, direct::rz, nullptr, z_half},
    {"u", 0, 1, 3, dense, "", general, none, no, no, "", u, direct::u, nullptr, u_generator},
    {"u2", 0, 1, 2, dense, "", general, none, no, no, "", u2, direct::u2, nullptr, u2_generator},
    {"u3", 0, 1, 3, dense, "", general, none, no, no, "", u, direct::u, nullptr, u_generator},

    {"ch", 1, 1, 0, dense, "", real, none, no, yes, "h", h, direct::h, nullptr, nullptr},
    {"cx", 1, 1, 0, flip, "", real, none, yes, yes, "x", x, direct::x, nullptr, nullptr},
    {"cy", 1, 1, 0, dense, "", real, none, yes, no, "y", y, direct::y, nullptr, nullptr},
    {"cz", 1, 1, 0, phase, "", none, general, yes, yes, "z", z, direct::z, nullptr, nullptr},
    {"cs", 1, 1, 0, phase, "", none, general, yes, no, "s", s, direct::s, nullptr, nullptr},
    {"csdg", 1, 1, 0, phase, "", none, general, yes, no, "sdg", sdg, direct::sdg, nullptr, nullptr},
    {"cp", 1, 1, 1, phase, "", none, general, yes, no, "p", p, direct::p, nullptr, phase_generator},
    {"cu1", 1, 1, 1, phase, "", none, general, yes, no, "p", p, direct::p, nullptr, phase_generator},
    {"csx", 1, 1, 0, dense, "", imaginary, none, no, no, "sx", sx, direct::sx, nullptr, nullptr},
    {"crx", 1, 1, 1, dense, "", imaginary, none, no, no, "rx", rx, direct::rx, nullptr, x_half},
    {"cry", 1, 1, 1, dense, "", real, none, no, yes, "ry", ry, direct::ry, nullptr, y_half},
    {"crz", 1, 1, 1, diagonal, "", none, general, yes, no, "rz", rz, direct::rz, nullptr, z_half},
    {"cu", 1, 1, 4, dense, "", general, none, no, no, "", cu, direct::cu, nullptr, cu_generator},
    {"cu3", 1, 1, 3, dense, "", general, none, no, no, "u", u, direct::u, nullptr, u_generator},

    {"swap", 0, 2, 0, swap, "", none, imaginary, yes, yes, "", exchange, nullptr, direct::exchange, nullptr},
    {"iswap", 0, 2, 0, dense, "", none, imaginary, yes, no, "", iswap, nullptr, direct::iswap, nullptr},
    {"dcx", 0, 2, 0, dense, "", none, none, yes, yes, "", dcx, nullptr, nullptr, nullptr},
    {"ecr", 0, 2, 0, dense, "", none, none, no, no, "", ecr, nullptr, nullptr, nullptr},
    {"rxx", 0, 2, 1, rotation, "XX", none, imaginary, no, no, "", rxx, nullptr, direct::rxx, xx_half},
    {"ryy", 0, 2, 1, rotation, "YY", none, imaginary, no, no, "", ryy, nullptr, direct::ryy, yy_half},
    {"rzx", 0, 2, 1, rotation, "ZX", none, none, no, no, "", rzx, nullptr, nullptr, zx_half},
    {"rzz", 0, 2, 1, diagonal, "", none, imaginary, yes, no, "", rzz, nullptr, direct::rzz, zz_half},
    {"xx_minus_yy", 0, 2, 2, dense, "", none, general, no, no, "", xx_minus_yy, nullptr, direct::xx_minus_yy,
     xx_minus_yy_generator},
    {"xx_plus_yy", 0, 2, 2, dense, "", none, general, no, no, "", xx_plus_yy, nullptr, direct::xx_plus_yy,
     xx_plus_yy_generator},

    {"ccx", 2, 1, 0, flip, "", real, none, yes, yes, "x", x, direct::x, nullptr, nullptr},
    {"ccz", 2, 1, 0, phase, "", none, general, yes, yes, "z", z, direct::z, nullptr, nullptr},
    {"cswap", 1, 2, 0, swap, "", none, imaginary, yes, yes, "swap", exchange, nullptr, direct::exchange, nullptr},
    {"rccx", 0, 3, 0, dense, "", none, none, yes, no, "", rccx, nullptr, nullptr, nullptr},
    {"c3sx", 3, 1, 0, dense, "", imaginary, none, no, no, "sx", sx, direct::sx, nullptr, nullptr},
    {"rcccx", 0, 4, 0, dense, "", none, none, yes, no, "", rcccx, nullptr, nullptr, nullptr},
};
static_assert(rows[h_row].name == "h" && rows[x_row].name == "x" && rows[y_row].name == "y" &&
              rows[z_row].name == "z" && rows[swap_row].name == "swap");

constexpr std::array base_rows = [] {
    std::array<std::int32_t, std::size(rows)> result{};
    for (std::size_t row = 0; row < std::size(rows); ++row) {
        const auto* const base = std::ranges::find(rows, rows[row].base, &GateFacts::name);
        result[row] = base == std::end(rows) ? no_row : static_cast<std::int32_t>(base - rows);
    }
    return result;
}();

}  // namespace

std::span<const GateFacts> gate_table() { return rows; }

Matrix gate_matrix(std::size_t row, std::span<const double> parameters) {
    if (row >= std::size(rows)) throw std::invalid_argument("no gate has the code " + std::to_string(row));
    const GateFacts& gate = rows[row];
    if (static_cast<int>(parameters.size()) != gate.parameters) {
        throw std::invalid_argument("gate '" + std::string(gate.name) + "' takes " + std::to_string(gate.parameters) +
                                    " parameters, got " + std::to_string(parameters.size()));
    }
    return gate.matrix(parameters);
}

std::int32_t base_row(std::int32_t row) { return base_rows[static_cast<std::size_t>(row)]; }

}  // namespace ketjet
