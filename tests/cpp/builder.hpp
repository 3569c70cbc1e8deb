// Programs for the C++ tests, operation by operation: the one writer of packed programs, which every test builds on.
#pragma once

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bits.hpp"
#include "program/classical_code.hpp"
#include "program/instruction.hpp"
#include "program/program.hpp"

inline constexpr std::uint64_t all_ones = ~std::uint64_t{0};

// The code of a gate or an instruction.
inline std::int32_t code_of(std::string_view name) {
    std::int32_t code = 0;
    for (const ketjet::GateFacts& facts : ketjet::gate_table()) {
        if (facts.name == name) return code;
        ++code;
    }
    for (const std::string_view instruction : ketjet::instruction_names()) {
        if (instruction == name) return code;
        ++code;
    }
    throw std::logic_error("no gate or instruction has this name: " + std::string(name));
}

// How many controls a gate has of its own; an instruction has none.
inline int own_controls(std::string_view name) {
    const auto code = static_cast<std::size_t>(code_of(name));
    return code < ketjet::gate_table().size() ? ketjet::gate_table()[code].controls : 0;
}

struct Builder {
    ketjet::PackedProgram packed;

    explicit Builder(int num_qubits) : Builder(num_qubits, num_qubits) {}
    Builder(int num_qubits, int num_clbits) {
        packed.num_qubits = num_qubits;
        packed.num_clbits = num_clbits;
        packed.wire_begin = packed.slot_begin = {0};
    }
    // A row as it is given, right or wrong: `controls` includes the gate's own, and all are to be one by default.
    Builder& add(std::string_view name, const std::vector<std::int32_t>& wires, int controls = 0,
                 const std::vector<double>& slots = {}, std::int64_t operand = -1,
                 std::uint64_t control_state = all_ones) {
        packed.codes.push_back(code_of(name));
        packed.wires.insert(packed.wires.end(), wires.begin(), wires.end());
        packed.wire_begin.push_back(static_cast<std::uint32_t>(packed.wires.size()));
        packed.num_controls.push_back(static_cast<std::uint16_t>(controls));
        packed.control_state.push_back(control_state == all_ones ? ketjet::low_bits(controls) : control_state);
        packed.slots.insert(packed.slots.end(), slots.begin(), slots.end());
        packed.slot_begin.push_back(static_cast<std::uint32_t>(packed.slots.size()));
        packed.operand.push_back(operand);
        return *this;
    }
    Builder& payload(ketjet::Payload values) {
        packed.payloads.push_back(std::make_shared<const ketjet::Payload>(std::move(values)));
        return *this;
    }
    Builder& gate(std::string_view name, const std::vector<std::int32_t>& wires,
                  const std::vector<double>& slots = {}) {
        return add(name, wires, own_controls(name), slots);
    }
    Builder& measure(std::int32_t qubit) { return add("measure", {qubit}, 0, {}, qubit); }
    // Runs the next `count` operations only if the classical bit is set.
    Builder& only_if(std::int32_t clbit, std::int64_t count) {
        const auto load = static_cast<std::int64_t>(ketjet::ClassicalOp::load_bits);
        const auto target = static_cast<std::int64_t>(packed.codes.size()) + 1 + count;
        return with_payload("branch", {}, std::vector<std::int64_t>{target, load, 1, clbit});
    }
    Builder& unitary(const std::vector<std::int32_t>& wires, std::vector<ketjet::Complex> matrix) {
        return with_payload("unitary", wires, std::move(matrix));
    }
    Builder& with_payload(std::string_view name, const std::vector<std::int32_t>& wires, ketjet::Payload values) {
        payload(std::move(values));
        return add(name, wires, 0, {}, static_cast<std::int64_t>(packed.payloads.size()) - 1);
    }
    ketjet::Program build() const { return ketjet::Program(packed); }
};
