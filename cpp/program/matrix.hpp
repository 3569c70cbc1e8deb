// Small dense complex matrices in row-major order, as gates have them. Qubit 0 of a gate is the lowest index bit
// (Qiskit's order).
#pragma once

#include <complex>
#include <cstddef>
#include <initializer_list>
#include <span>

#include "base/small_vector.hpp"

namespace ketjet {

using Complex = std::complex<double>;

// A product without the standard operator's care for infinities.
inline Complex times(Complex a, Complex b) {
    return {a.real() * b.real() - a.imag() * b.imag(), a.real() * b.imag() + a.imag() * b.real()};
}

class Matrix {
 public:
    using Entries = SmallVector<Complex, 16>;  // of two qubits

    explicit Matrix(std::size_t dimension) : dimension_(dimension), entries_(dimension * dimension) {}
    Matrix(std::size_t dimension, std::span<const Complex> entries);
    Matrix(std::size_t dimension, std::initializer_list<Complex> entries)
        : Matrix(dimension, std::span(entries.begin(), entries.size())) {}

    static Matrix identity(std::size_t dimension);

    std::size_t dimension() const { return dimension_; }
    Complex& operator()(std::size_t row, std::size_t column) { return entries_[row * dimension_ + column]; }
    const Complex& operator()(std::size_t row, std::size_t column) const { return entries_[row * dimension_ + column]; }
    const Entries& entries() const { return entries_; }

 private:
    std::size_t dimension_;
    Entries entries_;
};

// The conjugate of the transpose.
Matrix adjoint(const Matrix& matrix);

// Whether neither part of any entry is infinite or not a number.
bool all_finite(std::span<const Complex> entries);

// Whether all entries are real numbers.
bool is_real(const Matrix& matrix);

// Whether no entry leads from a basis state to one with another parity of bits: the dimension is a power of two.
bool keeps_parity(const Matrix& matrix);

// max |U†U - 1| over all entries; NaN when an entry is not finite. For dimensions above 64 it is estimated on a
// few fixed pseudo-random vectors, which costs no more than reading the matrix a few times.
double unitarity_error(std::size_t dimension, const Complex* entries);

}  // namespace ketjet
