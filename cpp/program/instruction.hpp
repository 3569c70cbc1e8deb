// ONE table with the shape of every instruction that is not a row of the gate table: how many targets, slots and
// controls it may have and which payload it takes. Read by the checks in unpack.cpp and by fingerprints.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace ketjet {

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
