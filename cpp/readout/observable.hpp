// Expectation values of Pauli sums, exact, read from the amplitudes without changing them.
#pragma once

#include <span>
#include <vector>

#include "exec/run_context.hpp"
#include "program/matrix.hpp"
#include "state/state_vector.hpp"

namespace ketjet {

// coefficient * P, P a product of Paulis with Y = iXZ: x_mask has the X and Y qubits, z_mask the Z and Y qubits.
struct PauliTerm {
    Index x_mask;
    Index z_mask;
    Complex coefficient;
};

// One term for each entry of these lists, which are of one length.
std::vector<PauliTerm> pauli_terms(std::span<const Index> x_masks, std::span<const Index> z_masks,
                                   std::span<const Complex> coefficients);

// <state| sum of terms |state>. Terms with the same x_mask share one pass over the state.
template <class T>
Complex expectation(const StateVector<T>& state, std::vector<PauliTerm> terms, const RunContext& context);

}  // namespace ketjet
