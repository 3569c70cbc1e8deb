// What control flow looks at, as classical code: bits and registers. Of expressions Qiskit's C API does not tell which
// bits they read, and numbers of more than 64 bits end the process, so these are left.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "qiskit_bridge/jumps.hpp"
#include "qiskit_bridge/plain_instructions.hpp"
#include "qiskit_bridge/qiskit_api.hpp"
#include "qiskit_bridge/settings.hpp"

namespace ketjet::qiskit_bridge {

constexpr std::uint64_t word_bits = 64;

constexpr std::uint64_t words_of(std::uint64_t bits) { return (bits + word_bits - 1) / word_bits; }

// The code that pushes a number of so many words.
inline void push_constant(const Settings& settings, std::uint64_t value, std::uint64_t words, Code& code) {
    code.insert(code.end(), {settings.constant, static_cast<std::int64_t>(words), static_cast<std::int64_t>(value)});
    code.insert(code.end(), words - 1, 0);
}

inline Code load_bit(const Settings& settings, const Site& site, std::uint32_t bit) {
    return {settings.load_bits, 1, site.clbits[bit]};
}

// The code that pushes the value of a register; none if it is not that of bits of the circuit.
inline std::optional<Code> load_register(const Settings& settings, const Site& site, const QkClassicalRegister* bits) {
    std::vector<std::uint32_t> own(qk_classical_register_num_bits(bits));
    if (own.empty()) return std::nullopt;
    qk_classical_register_circuit_bits(bits, site.circuit, own.data());
    if (std::ranges::max(own) >= qk_circuit_num_clbits(site.circuit)) return std::nullopt;
    Code code{settings.load_bits, static_cast<std::int64_t>(own.size())};
    for (const std::uint32_t bit : own) code.push_back(site.clbits[bit]);
    return code;
}

// The code that tells whether a condition holds.
inline std::optional<Code> condition(const Settings& settings, const Site& site,
                                     const QkControlFlowInstruction* operation) {
    const QkConditionType type = qk_control_flow_condition_type(operation);
    if (type == QkConditionType_ClBit) {
        const QkConditionBitInfo wanted = qk_control_flow_condition_bit_info(operation);
        Code code = load_bit(settings, site, wanted.clbit);
        if (!wanted.condition) code.push_back(settings.logic_not);
        return code;
    }
    if (type != QkConditionType_ClReg) return std::nullopt;
    const std::uint64_t width = qk_control_flow_condition_reg_cond_bit_width(operation);
    if (width > word_bits) return std::nullopt;
    std::optional<Code> code = load_register(settings, site, qk_control_flow_condition_reg(operation));
    if (!code) return std::nullopt;
    const std::uint64_t bits = code->size() - 2;
    if (width > bits) {
        code->insert(code->end(),
                     {settings.resize, static_cast<std::int64_t>(words_of(bits)), static_cast<std::int64_t>(width)});
    }
    const std::uint64_t words = words_of(std::max(bits, width));
    push_constant(settings, qk_control_flow_condition_reg_cond_uint(operation), words, *code);
    code->insert(code->end(), {settings.equal, static_cast<std::int64_t>(words)});
    return code;
}

// What a switch looks at, and the labels of its cases; none for that which takes all others.
struct Cases {
    Code load;
    std::uint64_t words;
    std::vector<std::optional<std::vector<std::uint64_t>>> labels;

    bool has_default() const {
        return std::ranges::any_of(labels, [](const auto& each) { return !each; });
    }
    // The code that tells whether the value is one of a case's labels.
    Code is_one_of(const Settings& settings, const std::vector<std::uint64_t>& values) const {
        Code code;
        for (const std::uint64_t value : values) {
            const bool is_first = code.empty();
            code.insert(code.end(), load.begin(), load.end());
            push_constant(settings, value, words, code);
            code.insert(code.end(), {settings.equal, static_cast<std::int64_t>(words)});
            if (!is_first) code.push_back(settings.logic_or);
        }
        if (code.empty()) push_constant(settings, 0, 1, code);
        return code;
    }
};

inline std::optional<Cases> cases_of(const Settings& settings, const Site& site,
                                     const QkControlFlowInstruction* operation) {
    Cases cases{};
    const QkConditionType type = qk_control_flow_switch_target_type(operation);
    if (type == QkConditionType_ClBit) {
        cases.load = load_bit(settings, site, qk_control_flow_switch_target_bit(operation));
    } else if (type == QkConditionType_ClReg) {
        auto load = load_register(settings, site, qk_control_flow_switch_target_register(operation));
        if (!load) return std::nullopt;
        cases.load = std::move(*load);
    } else {
        return std::nullopt;
    }
    cases.words = words_of(cases.load.size() - 2);
    const std::size_t count = qk_control_flow_switch_num_cases(operation);
    if (count != qk_control_flow_num_blocks(operation)) return std::nullopt;
    for (std::size_t i = 0; i < count; ++i) {
        auto& labels = cases.labels.emplace_back();
        if (qk_control_flow_switch_is_case_default(operation, i)) continue;
        if (qk_control_flow_switch_case_labels_bit_width(operation, i) > word_bits) return std::nullopt;
        QkSwitchCaseLabels found = qk_control_flow_switch_case_labels_uint(operation, i);
        labels.emplace(found.labels, found.labels + found.num_labels);
        qk_control_flow_switch_case_labels_clear(&found);
    }
    return cases;
}

}  // namespace ketjet::qiskit_bridge
