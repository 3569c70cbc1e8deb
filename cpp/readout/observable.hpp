// Expectation values of Pauli sums, exact, read from the amplitudes without changing them.
#pragma once

#include <vector>

#include "exec/executor.hpp"
#include "program/matrix.hpp"

namespace ketjet {

// coefficient * P, P a product of Paulis with Y = iXZ: x_mask has the X and Y qubits, z_mask the Z and Y qubits.
struct PauliTerm {
    Index x_mask;
    Index z_mask;
    Complex coefficient;
};

// <state| sum of terms |state>. Terms with the same x_mask share one pass over the state.
template <class T>
Complex expectation(const StateVector<T>& state, std::vector<PauliTerm> terms, const RunContext& context);

}  // namespace ketjet
