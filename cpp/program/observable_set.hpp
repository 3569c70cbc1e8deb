// Observables: real linear combinations of Pauli strings, many of which may share their strings.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "program/pauli_string.hpp"

namespace ketjet {

// Row k has coefficients[i] in column columns[i], for each i of [begins[k], begins[k + 1]).
struct SparseRows {
    std::vector<std::uint32_t> begins{0};
    std::vector<std::uint32_t> columns{};
    std::vector<double> coefficients{};
};

class ObservableSet {
 public:
    // Observable k is the sum of the strings that row k has as columns, times its coefficients. Strings may be
    // repeated. Throws std::invalid_argument if a condition is on a qubit with a Pauli, or asks for what no bit can be,
    // or rows and strings do not fit together.
    ObservableSet(std::vector<PauliString> strings, SparseRows rows);

    // All different, sorted by x, then z, then condition.
    std::span<const PauliString> strings() const { return strings_; }
    std::size_t size() const { return rows_.begins.size() - 1; }
    // The qubits that some string acts on.
    Index support() const;

    // Of one observable: the numbers of its strings, which may repeat, and what they are multiplied by.
    std::span<const std::uint32_t> columns(std::size_t observable) const { return row(rows_.columns, observable); }
    std::span<const double> coefficients(std::size_t observable) const { return row(rows_.coefficients, observable); }

    // What each string of the set is multiplied by in an observable.
    std::vector<double> by_string(std::size_t observable) const;
    // The value of an observable, from those of all strings.
    double value(std::size_t observable, std::span<const double> string_values) const;

 private:
    template <class Value>
    std::span<const Value> row(const std::vector<Value>& values, std::size_t k) const {
        return std::span(values).subspan(rows_.begins[k], rows_.begins[k + 1] - rows_.begins[k]);
    }

    std::vector<PauliString> strings_;
    SparseRows rows_;
};

}  // namespace ketjet
