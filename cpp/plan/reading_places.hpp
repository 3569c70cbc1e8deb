// Where a run of a plan reads Pauli strings: from the blocks of its sweeps, while these are in cache, or at last from
// the state.
//
// The value of a string is the same before and after operations that commute with it. So a sweep can read it for the
// end of the run if nothing that comes later does more to its qubits; and it should do so as early as it can, for a run
// from |0...0> grows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "plan/plan.hpp"
#include "program/pauli_string.hpp"

namespace ketjet {

// The numbers of strings that a sweep reads before it writes its blocks.
struct SweepReads {
    std::size_t stage;
    std::vector<std::uint32_t> strings;
};

struct ReadingPlaces {
    std::optional<std::size_t> last;  // stage of the last sweep, if it can read
    std::vector<SweepReads> sweeps;   // in the order of their stages
    std::vector<std::uint32_t> left;  // numbers of strings that no sweep can read
};

// A sweep reads what flips none of its cold qubits, if it leaves amplitudes as they are: it is not folded. The
// identity, whose value is the squared norm, is read by the last sweep or left.
ReadingPlaces reading_places(const Plan& plan, std::span<const PauliString> strings);

}  // namespace ketjet
