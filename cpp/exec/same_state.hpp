// Whether two states are the same up to rounding and a global phase, and a number that is the same for such states, so
// that of many states only those with about the same number need to be compared.
#pragma once

#include "exec/executor.hpp"

namespace ketjet {

// |<r|state>|^2 with a fixed product vector r: of order 1 for a normalised state, and hardly ever the same for two
// different ones.
template <class T>
double signature(const StateVector<T>& state, const RunContext& context);

// How far rounding may move a signature.
template <class T>
inline constexpr double signature_rounding = sizeof(T) == 8 ? 1e-10 : 1e-4;

// Whether |a - phase b| is no more than rounding explains, for some phase.
template <class T>
bool same_up_to_phase(const StateVector<T>& a, const StateVector<T>& b, const RunContext& context);

}  // namespace ketjet
