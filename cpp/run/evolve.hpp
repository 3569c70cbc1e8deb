// A program applied to a state that is kept.
#pragma once

#include <cstdint>
#include <vector>

#include "base/machine.hpp"
#include "base/rng.hpp"
#include "exec/run_context.hpp"
#include "plan/plan.hpp"
#include "program/program.hpp"
#include "readout/run_request.hpp"
#include "state/state_vector.hpp"

namespace ketjet {

// The plan of a program for states of which these qubits are known to be |0>, and which are shared out so.
template <class T>
std::shared_ptr<const Plan> evolution_plan(const Program& program, const Machine& machine, Index fresh,
                                           const Sharing& sharing = {});

// Applies a program to a given state as one shot, by a plan that is made for the qubits of it that are still |0>; those
// that stay so are not written. All ranks of a state that is shared out call this together. What it holds after an
// exception is unspecified. Returns its classical memory.
template <class T>
std::vector<std::uint64_t> evolve(const Program& program, const Machine& machine, StateVector<T>& state,
                                  const PhiloxKey& key, Verify verify, const RunContext& context);

}  // namespace ketjet
