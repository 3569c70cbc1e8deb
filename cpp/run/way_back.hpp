// The way back of a gradient: the run is undone on its final state and on what observables make of that.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "exec/mirror_run.hpp"
#include "exec/run_context.hpp"
#include "plan/mirror.hpp"
#include "program/observable_set.hpp"
#include "state/state_vector.hpp"

namespace ketjet {

// Those from the first one on, as many as there are overlaps in the outcome.
struct UndoneObservables {
    const ObservableSet& observables;
    std::size_t first;
    std::int64_t work;  // that applying one of them counts as in the progress of a run
};

// Undoes all sweeps of the mirror, of which there is one at least; each observable takes one of the states `applied`.
// Throws Cancelled.
template <class T>
void go_back(const BoundPlan& bound, const Mirror& mirror, const UndoneObservables& undone, StateVector<T>& state,
             std::span<StateVector<T>> applied, const MirrorOutcome& outcome, const RunContext& context);

}  // namespace ketjet
