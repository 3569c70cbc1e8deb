// What the cost model predicts for reading Pauli strings, in seconds on so many threads.
#pragma once

#include <span>

#include "plan/plan.hpp"
#include "plan/reading_places.hpp"
#include "plan/reading_plan.hpp"
#include "program/pauli_string.hpp"

namespace ketjet {

// By a sweep of the plan, beside its passes.
double reading_seconds(const Plan& plan, const SweepReads& reads, std::span<const PauliString> strings, int threads);

// By a sweep that only reads.
double reading_seconds(const Plan& plan, const ReadSweep& sweep, std::span<const PauliString> strings, int threads);

// Of all of these strings from a state in memory, of as many qubits as those that a run of the plan leaves.
double state_reading_seconds(const Plan& plan, std::span<const PauliString> strings, int threads);

// Of all of these strings by a run of the plan; if it has trajectories, by each of them.
double run_reading_seconds(const Plan& plan, std::span<const PauliString> strings, int threads);

}  // namespace ketjet
