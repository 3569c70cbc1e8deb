// One overload for each operation. Other than in a packed program a gate may have lost controls, slots may be used
// again, and jumps have targets of their own.
#include "program/check_operations.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/bits.hpp"
#include "program/check_save.hpp"
#include "program/classical_code.hpp"
#include "program/instruction.hpp"
#include "program/pauli.hpp"

namespace ketjet {

namespace {

constexpr unsigned max_controls = 64;  // their state is one word
constexpr unsigned max_exponent = 62;  // of the size of a payload

void require(bool holds, const char* fault) {
    if (!holds) throw std::invalid_argument(fault);
}

class OperationCheck {
 public:
    explicit OperationCheck(const Program& program) : program_(program) {}

    void operator()(const GateOperation& operation) {
        require(operation.gate >= 0 && static_cast<std::size_t>(operation.gate) < gate_table().size(), "unknown gate");
        const GateFacts& facts = facts_of(operation);
        check_wires(operation.wires);
        require(operation.wires.targets == facts.targets, "wrong number of targets");
        if (facts.parameters > 0) check_slots(operation.slot, static_cast<std::size_t>(facts.parameters));
    }
    void operator()(const UnitaryOperation& operation) {
        check_wires(operation.wires, Instruction::unitary);
        check_numbers(*operation.matrix, 2u * operation.wires.targets);
    }
    void operator()(const DiagonalOperation& operation) {
        check_wires(operation.wires, Instruction::diagonal);
        check_numbers(*operation.entries, operation.wires.targets);
    }
    void operator()(const MultiplexerOperation& operation) {
        check_wires(operation.wires, Instruction::multiplexer);
        check_numbers(*operation.matrices, operation.wires.targets + 1u);
    }
    void operator()(const PauliRotationOperation& operation) {
        check_wires(operation.wires, Instruction::pauli_rotation);
        require(operation.paulis->size() == operation.wires.targets, "wrong number of Paulis");
        require(std::ranges::all_of(*operation.paulis, is_pauli), "unknown Pauli");
        check_slots(operation.slot, 1);
    }
    void operator()(const PermutationOperation& operation) {
        check_wires(operation.wires, Instruction::permutation);
        std::vector<std::int64_t> pattern = *operation.pattern;
        require(pattern.size() == operation.wires.targets, "wrong size of a pattern");
        std::ranges::sort(pattern);
        for (std::size_t k = 0; k < pattern.size(); ++k) {
            require(pattern[k] == static_cast<std::int64_t>(k), "a pattern is no permutation");
        }
    }
    void operator()(const InitializeOperation& operation) {
        check_wires(operation.wires, Instruction::initialize);
        check_numbers(*operation.amplitudes, operation.wires.targets);
    }
    void operator()(const ResetOperation& operation) { check_qubit(operation.qubit); }
    void operator()(const MeasureOperation& operation) {
        check_qubit(operation.qubit);
        require(operation.clbit >= 0 && operation.clbit < program_.num_clbits(), "a classical bit is out of range");
    }
    void operator()(const GlobalPhaseOperation& operation) { check_slots(operation.slot, 1); }
    void operator()(const ComputeOperation& operation) { check_classical(operation.code(), 0); }
    void operator()(const BranchOperation& operation) {
        require(!operation.payload->empty(), "a branch has no code");
        check_target(operation.target);
        check_classical(operation.code(), 1);
    }
    void operator()(const JumpOperation& operation) { check_target(operation.target); }
    void operator()(const SaveOperation& operation) {
        check_wires(operation.wires, Instruction::save);
        const std::string fault = fault_of_save(operation, {program_.num_qubits(), variable_words(), true});
        require(fault.empty(), fault.c_str());
    }

 private:
    int variable_words() const { return program_.memory_words() - program_.clbit_words(); }

    void check_qubit(std::int32_t qubit) const {
        require(qubit >= 0 && qubit < program_.num_qubits(), "a qubit is out of range");
    }

    void check_wires(const Wires& wires) {
        const std::size_t count = std::size_t{wires.controls} + wires.targets;
        const auto all = program_.wires();
        require(wires.begin <= all.size() && count <= all.size() - wires.begin, "wires are out of range");
        require(wires.controls <= max_controls && (wires.control_state & ~low_bits(wires.controls)) == 0,
                "wrong state of controls");
        sorted_.assign(all.begin() + wires.begin, all.begin() + wires.begin + static_cast<std::ptrdiff_t>(count));
        for (const std::int32_t qubit : sorted_) check_qubit(qubit);
        std::ranges::sort(sorted_);
        require(std::ranges::adjacent_find(sorted_) == sorted_.end(), "a qubit appears twice");
    }

    void check_wires(const Wires& wires, Instruction instruction) {
        const InstructionRule& rule = instruction_rules()[static_cast<std::size_t>(instruction)];
        check_wires(wires);
        require(wires.targets >= rule.min_targets && wires.targets <= rule.max_targets, "wrong number of targets");
        require(wires.controls == 0 || rule.controllable, "this instruction takes no controls");
    }

    void check_slots(std::uint32_t first, std::size_t count) const {
        require(first <= program_.slots().size() && count <= program_.slots().size() - first, "a slot is out of range");
    }

    static void check_numbers(const std::vector<Complex>& numbers, unsigned exponent) {
        require(exponent <= max_exponent && numbers.size() == std::size_t{1} << exponent, "wrong size of a payload");
        require(all_finite(numbers), "a number is not finite");
    }

    void check_target(std::uint32_t target) const {
        require(target <= program_.operations().size(), "a target is out of range");
    }

    void check_classical(std::span<const std::int64_t> code, std::size_t result_words) const {
        check_code(code, program_.num_clbits(), variable_words(), program_.labels().size(), result_words);
    }

    const Program& program_;
    std::vector<std::int32_t> sorted_;  // the wires of the present operation
};

}  // namespace

void check_operations(const Program& program) {
    OperationCheck check(program);
    const auto operations = program.operations();
    for (std::size_t i = 0; i < operations.size(); ++i) {
        try {
            std::visit(check, operations[i]);
        } catch (const std::invalid_argument& error) {
            throw std::invalid_argument("planned operation " + std::to_string(i) + ": " + error.what());
        }
    }
}

}  // namespace ketjet
