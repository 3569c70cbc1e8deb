// The segments of a program whose state is shared out among ranks: each rank holds the amplitudes of one value of the
// global qubits, and in one segment no operation moves amplitudes along them. Between segments other qubits become
// global, for which ranks exchange amplitudes.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "plan/facts.hpp"

namespace ketjet {

struct Segment {
    Index global;
    std::vector<std::uint32_t> operations;  // in an order in which they may run
};

struct SegmentsWanted {
    int num_qubits;
    int global_qubits;
    int pinned_qubits;            // the lowest ones, which are never global
    Index active;                 // the others are |0> at first
    std::optional<Index> before;  // global qubits of a state that is shared out already
    std::optional<Index> after;   // and those that it has to have in the end
    std::int64_t looks;           // of the search at operations, at most
};

// Cuts these operations of a program into few segments with little to exchange. Throws std::length_error if one of them
// moves amplitudes along more qubits than a rank has beside the pinned ones.
std::vector<Segment> cut_into_segments(std::span<const OperationFacts> facts, std::span<const std::uint32_t> operations,
                                       const SegmentsWanted& wanted);

// How many amplitudes each rank sends when the qubits in `incoming` become local, where those in `local` are it then.
// A qubit that is still |0> has no amplitudes to be fetched: every rank has all there are.
double exchanged_amplitudes(Index active, Index local, Index incoming);

}  // namespace ketjet
