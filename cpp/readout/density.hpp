// Reduced density matrices, exact, read from the amplitudes without changing them.
#pragma once

#include <complex>
#include <cstdint>
#include <span>
#include <vector>

#include "base/charged.hpp"
#include "exec/run_context.hpp"
#include "state/state_vector.hpp"

namespace ketjet {

// Row-major, over the values of `wires` (first = lowest bit), all other qubits traced out.
template <class T>
SavesVector<std::complex<double>> density_matrix(const StateVector<T>& state, std::span<const std::int32_t> wires,
                                                 const RunContext& context);

}  // namespace ketjet
