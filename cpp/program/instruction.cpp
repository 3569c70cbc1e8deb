// The instruction table. A new instruction is one row here, one enumerator of Instruction and one struct in Operation.
#include "program/instruction.hpp"

#include <array>

#include "program/gate.hpp"

namespace ketjet {
namespace {

constexpr std::size_t any = 65535;  // as many targets as Wires can count
constexpr std::size_t few = 62;     // of what has a payload of 2^targets entries

// name, min and max targets, slots, payload, may be controlled
constexpr std::array<InstructionRule, 13> rules{{
    {"unitary", 1, few, 0, PayloadKind::complex, true},
    {"diagonal", 0, few, 0, PayloadKind::complex, true},
    {"multiplexer", 1, few, 0, PayloadKind::complex, true},
    {"pauli_rotation", 1, any, 1, PayloadKind::integer, true},
    {"permutation", 1, any, 0, PayloadKind::integer, true},
    {"initialize", 1, few, 0, PayloadKind::complex, false},
    {"reset", 1, 1, 0, PayloadKind::none, false},
    {"measure", 1, 1, 0, PayloadKind::none, false},
    {"global_phase", 0, 0, 1, PayloadKind::none, false},
    {"compute", 0, 0, 0, PayloadKind::integer, false},
    {"branch", 0, 0, 0, PayloadKind::integer, false},
    {"jump", 0, 0, 0, PayloadKind::none, false},
    {"save", 0, any, 0, PayloadKind::integer, false},
}};
static_assert(rules.size() == static_cast<std::size_t>(Instruction::save) + 1);

constexpr auto names = [] {
    std::array<std::string_view, rules.size()> result;
    for (std::size_t i = 0; i < rules.size(); ++i) result[i] = rules[i].name;
    return result;
}();

// The table's row for a code, or null for the code of a gate or of nothing.
const InstructionRule* rule_of_code(std::int32_t code) {
    const auto first = static_cast<std::int32_t>(gate_table().size());
    if (code < first || code - first >= static_cast<std::int32_t>(rules.size())) return nullptr;
    return &rules[static_cast<std::size_t>(code - first)];
}

}  // namespace

std::span<const InstructionRule> instruction_rules() { return rules; }

std::span<const std::string_view> instruction_names() { return names; }

std::string_view name_of_code(std::int32_t code) {
    const auto gates = gate_table();
    if (code >= 0 && static_cast<std::size_t>(code) < gates.size()) return gates[static_cast<std::size_t>(code)].name;
    const InstructionRule* rule = rule_of_code(code);
    return rule ? rule->name : "unknown";
}

bool takes_payload(std::int32_t code) {
    const InstructionRule* rule = rule_of_code(code);
    return rule != nullptr && rule->payload != PayloadKind::none;
}

}  // namespace ketjet
