// Sweeps that only read a state in memory.
#pragma once

#include <cstdint>
#include <span>

#include "base/exact_sum.hpp"
#include "exec/run_context.hpp"
#include "plan/reading_plan.hpp"
#include "program/pauli_string.hpp"
#include "state/state_vector.hpp"

namespace ketjet {

// Adds <state| strings[k] |state> to sums[k] for each k that the sweeps read; the state is written out, and the sweeps
// were planned for its size. `work` is what each of them counts as in the progress of a run; none, if nobody asks.
template <class T>
void read_strings(std::span<const PauliString> strings, std::span<const ReadSweep> sweeps,
                  std::span<const std::int64_t> work, const StateVector<T>& state, std::span<ExactSum> sums,
                  const RunContext& context);

}  // namespace ketjet
