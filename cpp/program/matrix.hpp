// Small dense complex matrices in row-major order, as gates have them. Qubit 0 of a gate is the lowest index bit
// (Qiskit's order).
#pragma once

#include <complex>
#include <cstddef>
#include <span>
#include <vector>

namespace ketjet {

using Complex = std::complex<double>;

class Matrix {
 public:
    explicit Matrix(std::size_t dimension) : dimension_(dimension), entries_(dimension * dimension) {}
    Matrix(std::size_t dimension, std::vector<Complex> entries);

    static Matrix identity(std::size_t dimension);

    std::size_t dimension() const { return dimension_; }
    Complex& operator()(std::size_t row, std::size_t column) { return entries_[row * dimension_ + column]; }
    const Complex& operator()(std::size_t row, std::size_t column) const { return entries_[row * dimension_ + column]; }
    const std::vector<Complex>& entries() const { return entries_; }

 private:
    std::size_t dimension_;
    std::vector<Complex> entries_;
};

// The conjugate of the transpose.
Matrix adjoint(const Matrix& matrix);

// Whether neither part of any entry is infinite or not a number.
bool all_finite(std::span<const Complex> entries);

// Whether no entry leads from a basis state to one with another parity of bits: the dimension is a power of two.
bool keeps_parity(const Matrix& matrix);

// max |U†U - 1| over all entries; NaN when an entry is not finite. For dimensions above 64 it is estimated on a
// few fixed pseudo-random vectors, which costs no more than reading the matrix a few times.
double unitarity_error(std::size_t dimension, const Complex* entries);

}  // namespace ketjet
