// Which operations of a sweep become one pass over a block, and in which order the passes come.
#pragma once

#include "plan/cost.hpp"
#include "plan/plan.hpp"

namespace ketjet {

// Reorders commuting operations of a sweep and sets its passes: runs of one-qubit gates become turns and phases,
// operations on one pair of qubits one dense matrix where the cost model says that it pays; then each pass takes all
// that is ready for its kind. Pairs that keep their parity are turned, where enough of them are ready at once.
void arrange_passes(std::span<const OperationFacts> facts, const PlanOptions& options, Sweep& sweep);

}  // namespace ketjet
