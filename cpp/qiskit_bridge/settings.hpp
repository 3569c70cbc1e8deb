// What a reader is told once: the engine's codes of what programs are made of, and limits of the lowering.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

namespace ketjet::qiskit_bridge {

// What the engine's gate table says about a gate.
struct Row {
    std::int32_t code;
    std::uint32_t controls;
    std::uint32_t qubits;
    std::size_t parameters;
    bool is_identity;
};

struct Settings {
    using Codes = std::map<std::string, std::int64_t>;

    Settings(const Codes& instructions, const Codes& classical, const Codes& paulis, const Codes& limits,
             double tolerance)
        : measure(of_instruction(instructions, "measure")),
          reset(of_instruction(instructions, "reset")),
          unitary(of_instruction(instructions, "unitary")),
          pauli_rotation(of_instruction(instructions, "pauli_rotation")),
          global_phase(of_instruction(instructions, "global_phase")),
          compute(of_instruction(instructions, "compute")),
          branch(of_instruction(instructions, "branch")),
          jump(of_instruction(instructions, "jump")),
          constant(classical.at("constant")),
          load_bits(classical.at("load_bits")),
          load_words(classical.at("load_words")),
          store_words(classical.at("store_words")),
          logic_not(classical.at("logic_not")),
          logic_or(classical.at("logic_or")),
          equal(classical.at("equal")),
          add(classical.at("add")),
          resize(classical.at("resize")),
          pauli_x(paulis.at("X")),
          pauli_y(paulis.at("Y")),
          pauli_z(paulis.at("Z")),
          unitary_tolerance(tolerance),
          max_matrix_qubits(static_cast<std::uint32_t>(limits.at("matrix_qubits"))),
          max_depth(static_cast<std::size_t>(limits.at("depth"))),
          max_unrolled(static_cast<std::size_t>(limits.at("unrolled"))),
          max_operations(static_cast<std::size_t>(limits.at("operations"))) {}

    std::map<std::string, Row, std::less<>> gates;
    std::map<std::int32_t, Row> rows;  // the same by code
    std::int32_t measure;
    std::int32_t reset;
    std::int32_t unitary;
    std::int32_t pauli_rotation;
    std::int32_t global_phase;
    std::int32_t compute;
    std::int32_t branch;
    std::int32_t jump;
    std::int64_t constant;
    std::int64_t load_bits;
    std::int64_t load_words;
    std::int64_t store_words;
    std::int64_t logic_not;
    std::int64_t logic_or;
    std::int64_t equal;
    std::int64_t add;
    std::int64_t resize;
    std::int64_t pauli_x;
    std::int64_t pauli_y;
    std::int64_t pauli_z;
    double unitary_tolerance;  // what a matrix may be off
    std::uint32_t max_matrix_qubits;
    std::size_t max_depth;       // of blocks in blocks
    std::size_t max_unrolled;    // operations of a loop that is unrolled
    std::size_t max_operations;  // of a program with unrolled loops

 private:
    static std::int32_t of_instruction(const Codes& instructions, const char* name) {
        return static_cast<std::int32_t>(instructions.at(name));
    }
};

}  // namespace ketjet::qiskit_bridge
