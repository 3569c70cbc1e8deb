// Pauli strings are read from a state in memory.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/exact_sum.hpp"
#include "exec/run_context.hpp"
#include "program/pauli_string.hpp"
#include "state/state_vector.hpp"

namespace ketjet {

// Adds <state| strings[k] |state> to sums[k] for each k of `read`; the state is written out.
template <class T>
void read_strings(std::span<const PauliString> strings, std::span<const std::uint32_t> read,
                  const StateVector<T>& state, std::span<ExactSum> sums, const RunContext& context);

}  // namespace ketjet
