// Program -> Plan. Pure: no amplitude is touched and no value of a slot is read.
#pragma once

#include "plan/cost.hpp"
#include "plan/plan.hpp"

namespace ketjet {

// First-fit staging: walks the operations in order, takes each one whose qubits are not blocked by an earlier one
// left behind and whose non-diagonal qubits fit into the block, and starts the next sweep with what is left.
// Measurements that nothing follows are left to sampling; resets of untouched qubits are dropped.
Plan plan(const Program& program, const PlanOptions& options);

// The same for a state that may hold anything and is to be collapsed for good (StateVector.evolve): every
// measurement and reset stays a stage of its own.
Plan plan_for_any_state(const Program& program, const PlanOptions& options);

}  // namespace ketjet
