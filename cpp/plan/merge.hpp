// Which neighbouring operations of a sweep become one kernel call.
#pragma once

#include "plan/cost.hpp"
#include "plan/plan.hpp"

namespace ketjet {

// Reorders commuting operations of a sweep and sets its passes: runs of one-qubit gates on one qubit become one
// gate, diagonal operations on a few qubits become one table, each where the cost model says that it pays.
void merge_passes(const Program& program, Sweep& sweep);

}  // namespace ketjet
