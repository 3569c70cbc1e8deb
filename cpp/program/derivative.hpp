// What the slots of an operation do: the Hermitian generators of its derivatives, as sums of Pauli strings.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "program/pauli_string.hpp"
#include "program/program.hpp"

namespace ketjet {

struct PauliTerm {
    PauliString string;
    double coefficient;
};
using PauliSum = std::vector<PauliTerm>;

// The operator that is a Hermitian matrix on the targets (the first is the lowest index bit) where the condition is
// met, and zero elsewhere. What vanishes beside the largest term but for rounding is left out.
PauliSum pauli_sum(const Matrix& hermitian, std::span<const int> targets, const Condition& condition);

// The sum as a matrix on `qubits`, lowest = lowest index bit, which all its strings lie in.
Matrix matrix_of(const PauliSum& sum, Index qubits);

// The derivative of the operation U by the slot is -i G U. The derivative of an expectation value <O> is 2 Im <l|G|s>,
// s being the state behind the operation and l what the operations after it, undone, make of O times the final state.
struct Derivative {
    std::uint32_t slot;
    PauliSum generator;  // G
};

// By each slot of a unitary operation, with the present values; of a global phase, too.
std::vector<Derivative> generators_of(const Program& program, const Operation& operation);

// What is left of these for expectation values. Global phases are left out: they change no expectation
// value, and so does an identity in a generator.
std::vector<Derivative> derivatives_of(const Program& program, const Operation& operation);

}  // namespace ketjet
