// Pauli strings read from all points of a block at once. A string's value is a sum over basis states, which is folded
// qubit by qubit, the highest one first, whatever the block looks like: so it has the same digits for a point alone and
// in company. Strings that flip the same qubits share their products of amplitudes, and their first folds.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/stop_token.hpp"
#include "batch/batch_block.hpp"
#include "program/pauli_string.hpp"

namespace ketjet {

template <class T>
class BatchReadings {
 public:
    // Of <state| string |state> for each string and for the identity. They are read the faster the more strings with
    // the same x, and then z, follow each other.
    BatchReadings(std::vector<PauliString> strings, const BatchBlock<T>& block);

    // Throws Cancelled.
    void read(const StopToken& stop);
    // What has been read of a point, in the order of the strings.
    std::span<const double> values_of(std::size_t point) const {
        return std::span(values_).subspan(point * strings_.size(), strings_.size() - 1);
    }
    double squared_norm_of(std::size_t point) const { return values_[(point + 1) * strings_.size() - 1]; }

 private:
    // Finds the products of amplitudes that face each other, in the order of the block's positions.
    void multiply(const PauliString& string, bool imaginary);
    // Sums over the qubits below `end`, which is beyond the highest one that is summed over otherwise than for the last
    // string. Returns the sums of all points.
    std::span<const double> fold(const PauliString& string, int end);

    std::vector<PauliString> strings_;  // the identity last
    const BatchBlock<T>& block_;
    std::vector<double> real_;  // of the amplitudes, by position in the block
    std::vector<double> imaginary_;
    std::vector<double> products_;
    std::vector<std::vector<double>> folded_{};  // by qubit: what is left behind it and all higher ones
    std::vector<double> values_{};               // by point and string
};

}  // namespace ketjet
