// Program -> Plan. Pure: no amplitude is touched and no value of a slot is read.
#pragma once

#include "plan/cost.hpp"
#include "plan/plan.hpp"

namespace ketjet {

struct PlanRequest {
    Precision precision = Precision::double_;
    PlanOptions options{};
    bool from_zero = true;   // else the state may hold anything, and every collapse is for good (StateVector.evolve)
    bool keep_state = true;  // the final state is wanted, not only what is measured
    bool operator==(const PlanRequest&) const = default;
};

// Rewrites the program, cuts it into sweeps in several ways and returns the plan with the least predicted time.
// Measurements that nothing follows are left to sampling; resets of untouched qubits are dropped.
// Throws std::length_error if that needs a state of more than most_state_qubits.
Plan plan(const Program& program, const Machine& machine, const PlanRequest& request);

// The qubits of the state that the rewritten program needs, however many.
int state_qubits(const Program& program, const PlanRequest& request);

}  // namespace ketjet
