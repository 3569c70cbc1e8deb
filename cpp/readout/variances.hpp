// How far the outcomes of measuring observables scatter.
#pragma once

#include <span>

#include "base/charged.hpp"
#include "exec/run_context.hpp"
#include "program/observable_set.hpp"
#include "state/state_vector.hpp"

namespace ketjet {

// Three numbers for each observable O: the variance <O^2> - <O>^2, <O> and the square of <O>. Averaged over the states
// of a mixture they give the variance there: the first, and what the third has beyond the square of the second.
//
// The variance is the squared norm of (O - <O>) |state>, hence never negative, and exact for an eigenstate. That vector
// takes the memory of another state; the state is written out.
template <class T>
SavesVector<double> variances(const ObservableSet& observables, const StateVector<T>& state, const RunContext& context);

}  // namespace ketjet
