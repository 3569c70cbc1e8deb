// How far two states are apart but for a global phase, and a number that is the same for states that are the same, so
// that of many states only those with about the same number need to be compared.
#pragma once

#include "exec/run_context.hpp"
#include "program/matrix.hpp"
#include "state/state_vector.hpp"

namespace ketjet {

// |<r|state>|^2 with a fixed product vector r: of order 1 for a normalised state, and hardly ever the same for two
// different ones.
template <class T>
double signature(const StateVector<T>& state, const RunContext& context);

// How far rounding may move a signature.
template <class T>
inline constexpr double signature_rounding = sizeof(T) == 8 ? 1e-10 : 1e-4;

// How far two states are apart but for a global phase: the length of a - phase b, for the phase that makes it least.
struct Separation {
    double distance;  // or 1, if it is no less
    Complex phase;
};
template <class T>
Separation separation(const StateVector<T>& a, const StateVector<T>& b, const RunContext& context);

// Moves a state to the mean (1 - share) a + share phase b of two that are so close that its length stays 1.
template <class T>
void move_to_mean(StateVector<T>& a, const StateVector<T>& b, Complex phase, double share, const RunContext& context);

}  // namespace ketjet
