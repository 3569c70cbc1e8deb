// How Pauli strings are read from a state in memory: by sweeps that read it and write nothing. One serves all strings
// that flip the same cold qubits of its blocks.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/machine.hpp"
#include "base/precision.hpp"
#include "program/pauli_string.hpp"

namespace ketjet {

struct ReadSweep {
    std::vector<int> hot;                // as in Sweep
    Index paired;                        // the cold qubits that all its strings flip: in these, bra and ket differ
    std::vector<std::uint32_t> strings;  // numbers of those that it reads
    bool operator==(const ReadSweep&) const = default;
};

// Sweeps that read strings[k] for each k of `read`, as few as a greedy choice of their hot qubits makes of it.
std::vector<ReadSweep> plan_readings(std::span<const PauliString> strings, std::span<const std::uint32_t> read,
                                     const Machine& machine, Precision precision, int state_qubits);

}  // namespace ketjet
