// The exchange format of programs with Python and with other processes: one row per operation in parallel arrays.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "program/matrix.hpp"

namespace ketjet {

using Payload = std::variant<std::vector<Complex>, std::vector<std::int64_t>>;

struct PackedProgram {
    std::int32_t num_qubits = 0;
    std::int32_t num_clbits = 0;
    std::vector<std::int32_t> codes;           // N
    std::vector<std::uint32_t> wire_begin;     // N + 1 offsets into wires
    std::vector<std::int32_t> wires;           // controls, then targets
    std::vector<std::uint16_t> num_controls;   // N, including the controls of the gate row itself
    std::vector<std::uint64_t> control_state;  // N, bit i for control i
    std::vector<std::uint32_t> slot_begin;     // N + 1 offsets into slots
    std::vector<double> slots;
    std::vector<std::int64_t> operand;  // N: measure: clbit; jump: target; with payload: index into payloads; else -1
    std::vector<std::shared_ptr<const Payload>> payloads;
    std::int32_t variable_words = 0;  // of classical memory behind the classical bits
    std::vector<std::string> labels;  // names that classical code refers to in messages

    bool operator==(const PackedProgram& other) const;  // payloads by their contents
};

// What a Python capsule is called that hands one over from one extension of a build to another.
inline constexpr const char* packed_program_capsule = "ketjet.PackedProgram";

// A hash of everything but the slots. Payloads enter by their contents, so it does not matter how they are numbered or
// shared.
std::uint64_t structure_fingerprint(const PackedProgram& packed);

}  // namespace ketjet
