#include "batch/batch_readings.hpp"

#include <algorithm>
#include <bit>
#include <utility>

namespace ketjet {

namespace {

// P|i> = i^y (-1)^popcount(i & z) |i ^ x>, y the number of Y: the sum takes plus or minus one part of the products.
struct TakenPart {
    bool imaginary;
    bool negative;
};
TakenPart part_of(const PauliString& string) {
    const int y = count_bits(string.x & string.z) % 4;
    return {y % 2 == 1, y == 1 || y == 2};
}

// The qubits whose folds differ.
Index other_folds(const PauliString& a, const PauliString& b) {
    return (a.z ^ b.z) | (a.condition.mask ^ b.condition.mask) | (a.condition.value ^ b.condition.value);
}

// The highest qubit that a string flips; -1: none. Basis states that differ in all flipped qubits add the same to its
// sum, so that only those without this one are looked at.
int chosen_qubit(const PauliString& string) { return static_cast<int>(std::bit_width(string.x)) - 1; }

}  // namespace

template <class T>
BatchReadings<T>::BatchReadings(std::vector<PauliString> strings, const BatchBlock<T>& block)
    : strings_(std::move(strings)),
      block_(block),
      real_(block.points() << block.num_qubits()),
      imaginary_(real_.size()),
      products_(real_.size()) {
    strings_.emplace_back();
    for (int qubit = 0; qubit < block.num_qubits(); ++qubit) folded_.emplace_back(block.points() << qubit);
    values_.resize(block.points() * strings_.size());
}

template <class T>
void BatchReadings<T>::read(const StopToken& stop) {
    block_.copy_to(real_, imaginary_);
    const PauliString* last = nullptr;
    for (std::size_t k = 0; k < strings_.size(); ++k) {
        const PauliString& string = strings_[k];
        const TakenPart part = part_of(string);
        const bool shares = last != nullptr && last->x == string.x && part_of(*last).imaginary == part.imaginary;
        if (!shares) {
            stop.throw_if_stopped();
            multiply(string, part.imaginary);
        }
        const int differing =
            shares ? static_cast<int>(std::bit_width(other_folds(*last, string))) : block_.num_qubits();
        const std::span<const double> sums = fold(string, differing);
        for (std::size_t point = 0; point < block_.points(); ++point) {
            values_[point * strings_.size() + k] = part.negative ? -sums[point] : sums[point];
        }
        last = &string;
    }
}

template <class T>
void BatchReadings<T>::multiply(const PauliString& string, bool imaginary) {
    const std::size_t flip = block_.points() * string.x;
    const std::size_t run = string.x == 0 ? real_.size() : lowest_bit(flip);  // flipped as a whole
    const std::size_t chosen = string.x == 0 ? 0 : block_.points() << chosen_qubit(string);
    const double factor = string.x == 0 ? 1 : 2;
    double* out = products_.data();
    for (std::size_t begin = 0; begin < real_.size(); begin = next_outside(begin + run - 1, chosen), out += run) {
        const double *const re = &real_[begin], *const im = &imaginary_[begin];
        const double *const bra_re = &real_[begin ^ flip], *const bra_im = &imaginary_[begin ^ flip];
        if (imaginary) {
            for (std::size_t i = 0; i < run; ++i) out[i] = factor * (bra_re[i] * im[i] - bra_im[i] * re[i]);
        } else {
            for (std::size_t i = 0; i < run; ++i) out[i] = factor * (bra_re[i] * re[i] + bra_im[i] * im[i]);
        }
    }
}

template <class T>
std::span<const double> BatchReadings<T>::fold(const PauliString& string, int end) {
    const int chosen = chosen_qubit(string);
    std::size_t size = block_.points() << (end - (chosen >= 0 && chosen < end ? 1 : 0));
    const double* sums = end < block_.num_qubits() ? folded_[static_cast<std::size_t>(end)].data() : products_.data();
    for (int qubit = end - 1; qubit >= 0; --qubit) {
        double* const out = folded_[static_cast<std::size_t>(qubit)].data();
        if (qubit == chosen) {
            std::copy_n(sums, size, out);
        } else {
            size /= 2;
            const double* const zero = sums;
            const double* const one = sums + size;
            if ((string.condition.mask >> qubit & 1) != 0) {
                std::copy_n((string.condition.value >> qubit & 1) != 0 ? one : zero, size, out);
            } else if ((string.z >> qubit & 1) != 0) {
                for (std::size_t i = 0; i < size; ++i) out[i] = zero[i] - one[i];
            } else {
                for (std::size_t i = 0; i < size; ++i) out[i] = zero[i] + one[i];
            }
        }
        sums = out;
    }
    return {sums, size};
}

template class BatchReadings<float>;
template class BatchReadings<double>;

}  // namespace ketjet
