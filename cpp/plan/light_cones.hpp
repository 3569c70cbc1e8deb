// Light cones: the parts of a program that products of Paulis depend on at its end. All other operations cancel in
// their expectation values, so that each part runs as a program of its own, of fewer qubits.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "program/program.hpp"

namespace ketjet {

// Masks of qubits for products of Paulis and projectors, so many words for each, the lowest qubits in the first.
struct StringMasks {
    std::size_t words;                     // of the program's qubits
    std::span<const std::uint64_t> moved;  // qubits with X or Y
    std::span<const std::uint64_t> kept;   // qubits with Z or Y, or a projector
};

// Where strings share a cone, or nearly, it is the union of theirs.
struct LightCone {
    std::vector<std::int32_t> qubits;       // ascending
    std::vector<std::uint32_t> operations;  // in order
    std::vector<std::int64_t> strings;      // that have it, in order
};

// One cone for each string, together; strings share one if it has at most a qubit more than the largest of their own.
// None if the program does more than to apply unitary operations and to prepare qubits that nothing has acted on; or if
// all cones together take this share of the program's work or more: of operations times amplitudes. From structure
// alone.
std::optional<std::vector<LightCone>> light_cones(const Program& program, const StringMasks& strings, double max_share);

// The operations of a cone on its qubits, and which slots of the whole program it has.
struct ProgramPart {
    Program program;
    std::vector<std::int64_t> slots;
};
ProgramPart part_of(const Program& program, const LightCone& cone);

}  // namespace ketjet
