// Programs for the C++ tests, operation by operation.
#pragma once

#include <string_view>
#include <vector>

#include "program/classical_code.hpp"
#include "program/program.hpp"

class Builder {
 public:
    explicit Builder(int num_qubits) {
        packed_.num_qubits = packed_.num_clbits = num_qubits;
        packed_.wire_begin = packed_.slot_begin = {0};
    }
    // A row of the gate table.
    void gate(std::string_view name, const std::vector<std::int32_t>& wires, const std::vector<double>& slots = {}) {
        const auto rows = ketjet::gate_table();
        for (std::size_t row = 0; row < rows.size(); ++row) {
            if (rows[row].name == name) {
                add(static_cast<std::int32_t>(row), wires, static_cast<std::uint16_t>(rows[row].controls), slots);
            }
        }
    }
    void measure(std::int32_t qubit) { add(code_of(ketjet::Instruction::measure), {qubit}, 0, {}, qubit); }
    // Runs the next `count` operations only if the classical bit is set.
    void only_if(std::int32_t clbit, std::int64_t count) {
        const auto load = static_cast<std::int64_t>(ketjet::ClassicalOp::load_bits);
        const auto target = static_cast<std::int64_t>(packed_.codes.size()) + 1 + count;
        packed_.payloads.push_back(
            std::make_shared<const ketjet::Payload>(std::vector<std::int64_t>{target, load, 1, clbit}));
        const auto payload = static_cast<std::int64_t>(packed_.payloads.size()) - 1;
        add(code_of(ketjet::Instruction::branch), {}, 0, {}, payload);
    }
    void unitary(const std::vector<std::int32_t>& wires, std::vector<ketjet::Complex> matrix) {
        packed_.payloads.push_back(std::make_shared<const ketjet::Payload>(std::move(matrix)));
        const auto payload = static_cast<std::int64_t>(packed_.payloads.size()) - 1;
        add(code_of(ketjet::Instruction::unitary), wires, 0, {}, payload);
    }
    ketjet::Program build() const { return ketjet::Program(packed_); }

 private:
    static std::int32_t code_of(ketjet::Instruction instruction) {
        return static_cast<std::int32_t>(ketjet::gate_table().size()) + static_cast<std::int32_t>(instruction);
    }
    void add(std::int32_t code, const std::vector<std::int32_t>& wires, std::uint16_t controls,
             const std::vector<double>& slots, std::int64_t operand = -1) {
        packed_.codes.push_back(code);
        packed_.wires.insert(packed_.wires.end(), wires.begin(), wires.end());
        packed_.wire_begin.push_back(static_cast<std::uint32_t>(packed_.wires.size()));
        packed_.num_controls.push_back(controls);
        packed_.control_state.push_back(ketjet::low_bits(controls));
        packed_.slots.insert(packed_.slots.end(), slots.begin(), slots.end());
        packed_.slot_begin.push_back(static_cast<std::uint32_t>(packed_.slots.size()));
        packed_.operand.push_back(operand);
    }

    ketjet::PackedProgram packed_;
};
