// Matrix storage and the unitarity test that Python runs on user-given matrices before they enter a Program.
#include "program/matrix.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/bits.hpp"
#include "base/hash.hpp"

namespace ketjet {

Matrix::Matrix(std::size_t dimension, std::span<const Complex> entries) : dimension_(dimension), entries_(entries) {
    if (entries_.size() != dimension * dimension) {
        throw std::invalid_argument("a matrix of dimension " + std::to_string(dimension) + " needs " +
                                    std::to_string(dimension * dimension) + " entries, not " +
                                    std::to_string(entries_.size()));
    }
}

Matrix Matrix::identity(std::size_t dimension) {
    Matrix result(dimension);
    for (std::size_t i = 0; i < dimension; ++i) result(i, i) = 1.0;
    return result;
}

namespace {

constexpr std::size_t exact_limit = 64;
constexpr std::size_t probe_count = 2;

// Both errors below keep their maximum here; a NaN (an overflow on the way) stays a NaN.
void raise_error(double& error, const Complex& difference) {
    const double size = std::abs(difference);
    if (std::isnan(size) || size > error) error = size;
}

// The rows of U†U - 1, one entry at a time.
double exact_unitarity_error(std::size_t dimension, const Complex* entries) {
    double error = 0;
    for (std::size_t left = 0; left < dimension; ++left) {
        for (std::size_t right = left; right < dimension; ++right) {
            Complex overlap = left == right ? -1.0 : 0.0;
            for (std::size_t row = 0; row < dimension; ++row) {
                overlap += std::conj(entries[row * dimension + left]) * entries[row * dimension + right];
            }
            raise_error(error, overlap);
            if (std::isnan(error)) return error;
        }
    }
    return error;
}

// Entries 1, i, -1, -i in an order that looks random (splitmix64) but is always the same.
std::vector<Complex> probe_vector(std::size_t dimension, std::uint64_t state) {
    static constexpr double directions[4][2] = {{1, 0}, {0, 1}, {-1, 0}, {0, -1}};
    std::vector<Complex> probe(dimension);
    for (Complex& entry : probe) {
        state += golden_step;
        const double* direction = directions[mix_bits(state) >> 62];
        entry = {direction[0], direction[1]};
    }
    return probe;
}

// max |(U†U - 1) v| for a probe v of unit-modulus entries: on average at least the largest entry of U†U - 1.
double probed_unitarity_error(std::size_t dimension, const Complex* entries) {
    double error = 0;
    for (std::size_t index = 0; index < probe_count; ++index) {
        const std::vector<Complex> probe = probe_vector(dimension, index);
        std::vector<Complex> residual(dimension);
        for (std::size_t i = 0; i < dimension; ++i) residual[i] = -probe[i];
        for (std::size_t row = 0; row < dimension; ++row) {
            const Complex* line = entries + row * dimension;
            Complex image = 0;
            for (std::size_t i = 0; i < dimension; ++i) image += line[i] * probe[i];
            for (std::size_t i = 0; i < dimension; ++i) residual[i] += std::conj(line[i]) * image;
        }
        for (const Complex& entry : residual) {
            raise_error(error, entry);
            if (std::isnan(error)) return error;
        }
    }
    return error;
}

}  // namespace

Matrix adjoint(const Matrix& matrix) {
    Matrix result(matrix.dimension());
    for (std::size_t row = 0; row < matrix.dimension(); ++row) {
        for (std::size_t column = 0; column < matrix.dimension(); ++column) {
            result(row, column) = std::conj(matrix(column, row));
        }
    }
    return result;
}

bool all_finite(std::span<const Complex> entries) {
    return std::ranges::all_of(
        entries, [](const Complex& entry) { return std::isfinite(entry.real()) && std::isfinite(entry.imag()); });
}

bool is_real(const Matrix& matrix) {
    return std::ranges::all_of(matrix.entries(), [](const Complex& entry) { return entry.imag() == 0; });
}

bool keeps_parity(const Matrix& matrix) {
    for (std::size_t row = 0; row < matrix.dimension(); ++row) {
        for (std::size_t column = 0; column < matrix.dimension(); ++column) {
            if (parity(row ^ column) && matrix(row, column) != Complex(0)) return false;
        }
    }
    return true;
}

double unitarity_error(std::size_t dimension, const Complex* entries) {
    if (!all_finite({entries, dimension * dimension})) return std::numeric_limits<double>::quiet_NaN();
    return dimension <= exact_limit ? exact_unitarity_error(dimension, entries)
                                    : probed_unitarity_error(dimension, entries);
}

}  // namespace ketjet
