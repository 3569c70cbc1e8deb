// A Program: what a circuit means, with nothing of Qiskit left. A flat list of operations over numbered qubits and
// classical bits, control flow being jumps in it; angles are slots, so new values are bound without lowering again.
// Immutable but for its slots; operations and payloads are shared between copies, so a rebound copy is cheap.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "program/operation.hpp"
#include "program/packed_program.hpp"

namespace ketjet {

class Program {
 public:
    // Checks everything an engine relies on, unitarity excepted; throws std::invalid_argument naming the operation
    // index.
    explicit Program(PackedProgram packed);

    int num_qubits() const;
    int num_clbits() const;
    // Classical memory is an array of 64-bit words, all zero at first: the classical bits, then variables.
    int clbit_words() const { return std::max(1, (num_clbits() + 63) / 64); }
    int memory_words() const;
    std::span<const std::string> labels() const;
    std::span<const Operation> operations() const;
    std::span<const double> slots() const { return slots_; }

    std::span<const std::int32_t> wires() const;  // of all operations
    std::span<const std::int32_t> controls(const Wires& wires) const;
    std::span<const std::int32_t> targets(const Wires& wires) const;

    // The same operations with new slot values; throws std::invalid_argument on a wrong length or non-finite value.
    Program with_slots(std::vector<double> slots) const;

    // The packed form this program was made from, with the present slots; throws std::logic_error if it was made by
    // with_operations.
    PackedProgram packed() const;

    // The packed form that this program, or the one that it was rewritten from, was made from; without slots.
    const PackedProgram& source() const;
    bool is_rewritten() const;

    // Whether the two differ in nothing but slot values.
    bool same_structure(const Program& other) const;
    // Equal for programs of the same structure.
    std::uint64_t structure_hash() const;

    // A program of other operations on so many qubits over the same slots; `wires` is what their Wires refer to. It
    // has no packed form.
    Program with_operations(std::vector<Operation> operations, std::vector<std::int32_t> wires, int num_qubits) const;

    // A hash of operations, payloads and slots, equal on every machine; keys the random numbers of a circuit.
    std::uint64_t fingerprint() const { return fingerprint_with(slots_); }
    std::uint64_t fingerprint_with(std::span<const double> slots) const;

 private:
    struct Body;
    Program(std::shared_ptr<const Body> body, std::vector<double> slots);

    std::shared_ptr<const Body> body_;
    std::vector<double> slots_;
};

}  // namespace ketjet
