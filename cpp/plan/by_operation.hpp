// Which plans are run operation by operation (batch/batch_run.hpp) instead of sweep by sweep.
#pragma once

#include "plan/plan.hpp"

namespace ketjet {

inline constexpr int max_batch_qubits = 8;

// Whether the final state is made so unless somebody wants to look at its stages: it has few qubits, and shots are
// samples of it alone.
bool runs_by_operation(const Plan& plan);

}  // namespace ketjet
