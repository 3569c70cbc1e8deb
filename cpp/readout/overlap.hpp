// The inner product of two states, read from the amplitudes without changing them.
#pragma once

#include "exec/run_context.hpp"
#include "program/matrix.hpp"
#include "state/state_vector.hpp"

namespace ketjet {

// <bra|ket>; both have the same number of qubits.
template <class Bra, class Ket>
Complex overlap(const StateVector<Bra>& bra, const StateVector<Ket>& ket, const RunContext& context);

}  // namespace ketjet
