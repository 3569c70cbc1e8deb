// Program -> Plan. Pure: no amplitude is touched and no value of a slot is read.
#pragma once

#include "plan/plan.hpp"

namespace ketjet {

// Rewrites the program, cuts it into sweeps in several ways and returns the plan with the least predicted time.
// Measurements that nothing follows are left to sampling; resets of untouched qubits are dropped.
// Throws std::length_error if that needs a state of more than max_state_qubits.
Plan plan(const Program& program, const Machine& machine, const PlanRequest& request);

// The qubits of the state that the rewritten program needs, however many.
int state_qubits(const Program& program, const PlanRequest& request);

}  // namespace ketjet
