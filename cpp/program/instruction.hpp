// The instructions that are not rows of the gate table, and ONE table with the shape of each: how many targets, slots
// and controls it may have and which payload it takes. Read by the checks in unpack.cpp and by fingerprints.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace ketjet {

// In the order of the alternatives of Operation behind GateOperation. An operation's code is its gate row, or
// gate_table().size() + this.
enum class Instruction : std::int32_t {
    unitary,
    diagonal,
    multiplexer,
    pauli_rotation,
    permutation,
    initialize,
    reset,
    measure,
    global_phase,
    compute,
    branch,
    jump,
    save
};
std::span<const std::string_view> instruction_names();  // in the order of Instruction

enum class PayloadKind : std::uint8_t { none, complex, integer };

struct InstructionRule {
    std::string_view name;
    std::size_t min_targets;
    std::size_t max_targets;
    std::size_t slots;
    PayloadKind payload;
    bool controllable;
};

// In the order of Instruction.
std::span<const InstructionRule> instruction_rules();

// The name of the gate or instruction with this code; "unknown" when there is none.
std::string_view name_of_code(std::int32_t code);

// True when an operation with this code has a payload, whose index is its operand.
bool takes_payload(std::int32_t code);

}  // namespace ketjet
