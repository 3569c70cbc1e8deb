// Checks a packed program row by row and turns each row into its Operation. Anything a later layer relies on
// (sizes, ranges, distinct qubits, finite numbers) is checked here, once; the fast path builds no strings.
#include "program/unpack.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <stdexcept>
#include <string>

#include "base/bits.hpp"
#include "program/check_save.hpp"
#include "program/classical_code.hpp"
#include "program/counted.hpp"
#include "program/instruction.hpp"
#include "program/pauli.hpp"

namespace ketjet {
namespace {

constexpr std::size_t max_wires = 65535;  // of one operation
constexpr std::size_t max_controls = 64;  // their state is one word
constexpr double norm_tolerance = 1e-6;

[[noreturn]] void reject(const std::string& message) { throw std::invalid_argument("invalid program: " + message); }

[[noreturn]] void reject_operation(const PackedProgram& packed, std::size_t index, const std::string& message) {
    reject("operation " + std::to_string(index) + " (" + std::string(name_of_code(packed.codes[index])) +
           "): " + message);
}

void check_size(const char* name, std::size_t size, std::size_t expected) {
    if (size == expected) return;
    reject(std::string(name) + " has " + counted(size, "element") + "; it needs " + std::to_string(expected));
}

void check_offsets(const PackedProgram& packed, const char* name, const std::vector<std::uint32_t>& offsets,
                   const char* pool_name, std::size_t pool_size) {
    check_size(name, offsets.size(), packed.codes.size() + 1);
    if (offsets.front() != 0) reject(std::string(name) + " starts at " + std::to_string(offsets.front()) + ", not 0");
    for (std::size_t index = 0; index + 1 < offsets.size(); ++index) {
        if (offsets[index] > offsets[index + 1]) {
            reject_operation(packed, index,
                             std::string(name) + " falls from " + std::to_string(offsets[index]) + " to " +
                                 std::to_string(offsets[index + 1]) + "; offsets must not decrease");
        }
    }
    if (offsets.back() != pool_size) {
        reject(std::string(name) + " ends at " + std::to_string(offsets.back()) + ", but " + pool_name + " has " +
               counted(pool_size, "element"));
    }
}

void check_arrays(const PackedProgram& packed) {
    if (packed.num_qubits < 0) reject("num_qubits is " + std::to_string(packed.num_qubits) + "; use 0 or more");
    if (packed.num_clbits < 0) reject("num_clbits is " + std::to_string(packed.num_clbits) + "; use 0 or more");
    if (packed.variable_words < 0) {
        reject("variable_words is " + std::to_string(packed.variable_words) + "; use 0 or more");
    }
    check_offsets(packed, "wire_begin", packed.wire_begin, "wires", packed.wires.size());
    check_offsets(packed, "slot_begin", packed.slot_begin, "slots", packed.slots.size());
    check_size("num_controls", packed.num_controls.size(), packed.codes.size());
    check_size("control_state", packed.control_state.size(), packed.codes.size());
    check_size("operand", packed.operand.size(), packed.codes.size());
}

bool is_finite(const Payload& payload) {
    const auto* const values = std::get_if<std::vector<Complex>>(&payload);
    return values == nullptr || all_finite(*values);
}

// Reads the rows one after the other; each step checks its part of the present row and throws on the first fault.
class Unpacker {
 public:
    explicit Unpacker(const PackedProgram& packed) : packed_(packed), known_finite_(packed.payloads.size(), false) {}

    Operation read(std::size_t index) {
        index_ = index;
        const auto gates = gate_table();
        const std::size_t num_codes = gates.size() + instruction_rules().size();
        const std::int32_t code = packed_.codes[index];
        if (code < 0 || static_cast<std::size_t>(code) >= num_codes) {
            fail("code " + std::to_string(code) + " is unknown; codes are 0 to " + std::to_string(num_codes - 1));
        }
        const auto row = static_cast<std::size_t>(code);
        return row < gates.size() ? gate(code, gates[row]) : instruction(row - gates.size());
    }

 private:
    [[noreturn]] void fail(const std::string& message) const { reject_operation(packed_, index_, message); }

    Operation gate(std::int32_t code, const GateFacts& facts) {
        const Wires wires = read_wires();
        if (wires.controls < facts.controls) {
            fail("has " + counted(wires.controls, "control") + "; this gate needs at least " +
                 std::to_string(facts.controls) + ", counted in num_controls");
        }
        const auto targets = static_cast<std::size_t>(facts.targets);
        check_targets(wires, targets, targets);
        check_slot_count(static_cast<std::size_t>(facts.parameters));
        check_no_operand();
        return GateOperation{code, wires, packed_.slot_begin[index_]};
    }

    Operation instruction(std::size_t which) {
        const InstructionRule& rule = instruction_rules()[which];
        const Wires wires = read_wires();
        if (wires.controls != 0 && !rule.controllable) {
            fail("has " + counted(wires.controls, "control") + "; this instruction takes none" +
                 (rule.slots == 1 ? " (use a controlled p or diagonal for a controlled phase)" : ""));
        }
        check_targets(wires, rule.min_targets, rule.max_targets);
        check_slot_count(rule.slots);
        const std::uint32_t slot = packed_.slot_begin[index_];
        switch (static_cast<Instruction>(which)) {
            case Instruction::unitary:
                return UnitaryOperation{wires, amplitudes(2u * wires.targets)};
            case Instruction::diagonal:
                return DiagonalOperation{wires, amplitudes(wires.targets)};
            case Instruction::multiplexer:
                return MultiplexerOperation{wires, amplitudes(wires.targets + 1u)};
            case Instruction::pauli_rotation:
                return PauliRotationOperation{wires, paulis(wires), slot};
            case Instruction::permutation:
                return PermutationOperation{wires, pattern(wires)};
            case Instruction::initialize:
                return InitializeOperation{wires, normalised(wires)};
            case Instruction::reset:
                check_no_operand();
                return ResetOperation{packed_.wires[wires.begin]};
            case Instruction::measure:
                return MeasureOperation{packed_.wires[wires.begin], clbit()};
            case Instruction::compute:
                return ComputeOperation{code(0, 0)};
            case Instruction::branch: {
                auto payload = code(1, 1);
                return BranchOperation{target(payload->front()), std::move(payload)};
            }
            case Instruction::jump:
                return JumpOperation{target(packed_.operand[index_])};
            case Instruction::save:
                return save(wires);
            case Instruction::global_phase:
                break;
        }
        check_no_operand();
        return GlobalPhaseOperation{slot};
    }

    Wires read_wires() {
        const std::uint32_t begin = packed_.wire_begin[index_];
        const std::size_t count = packed_.wire_begin[index_ + 1] - begin;
        const std::uint16_t controls = packed_.num_controls[index_];
        if (controls > count) {
            fail("has " + counted(controls, "control") + " but only " + counted(count, "wire"));
        }
        if (count > max_wires) fail("has " + counted(count, "wire") + "; use at most " + std::to_string(max_wires));
        if (controls > max_controls) {
            fail("has " + counted(controls, "control") + "; use at most " + std::to_string(max_controls));
        }
        sorted_.clear();
        for (std::size_t i = 0; i < count; ++i) {
            const std::int32_t qubit = packed_.wires[begin + i];
            if (qubit < 0 || qubit >= packed_.num_qubits) {
                fail("qubit " + std::to_string(qubit) + " is out of range; the program has " +
                     counted(static_cast<std::size_t>(packed_.num_qubits), "qubit"));
            }
            sorted_.push_back(qubit);
        }
        if (count > 1) {
            std::ranges::sort(sorted_);
            const auto twice = std::ranges::adjacent_find(sorted_);
            if (twice != sorted_.end()) {
                fail("qubit " + std::to_string(*twice) + " appears twice; use distinct qubits");
            }
        }
        const std::uint64_t control_state = packed_.control_state[index_];
        if ((control_state & ~low_bits(controls)) != 0) {
            fail("control_state " + std::to_string(control_state) + " has bits beyond the " +
                 counted(controls, "control") + "; use one bit per control");
        }
        return {begin, controls, static_cast<std::uint16_t>(count - controls), control_state};
    }

    void check_targets(const Wires& wires, std::size_t min, std::size_t max) const {
        if (wires.targets >= min && wires.targets <= max) return;
        const bool too_few = wires.targets < min;
        fail("has " + counted(wires.targets, "target") + "; it takes " +
             (min == max ? "exactly "
              : too_few  ? "at least "
                         : "at most ") +
             std::to_string(too_few ? min : max));
    }

    void check_slot_count(std::size_t expected) const {
        const std::size_t count = packed_.slot_begin[index_ + 1] - packed_.slot_begin[index_];
        if (count != expected) fail("has " + counted(count, "slot") + "; it takes " + std::to_string(expected));
    }

    void check_no_operand() const {
        const std::int64_t operand = packed_.operand[index_];
        if (operand != -1) fail("operand is " + std::to_string(operand) + "; this instruction has none, use -1");
    }

    std::int32_t clbit() const {
        const std::int64_t operand = packed_.operand[index_];
        if (operand < 0 || operand >= packed_.num_clbits) {
            fail("clbit " + std::to_string(operand) + " is out of range; the program has " +
                 counted(static_cast<std::size_t>(packed_.num_clbits), "clbit"));
        }
        return static_cast<std::int32_t>(operand);
    }

    std::uint32_t target(std::int64_t operation) const {
        if (operation < 0 || static_cast<std::size_t>(operation) > packed_.codes.size()) {
            fail("target " + std::to_string(operation) + " is out of range; the program has " +
                 counted(packed_.codes.size(), "operation"));
        }
        return static_cast<std::uint32_t>(operation);
    }

    SaveOperation save(const Wires& wires) {
        const SaveOperation operation{wires, payload<std::int64_t>("integers")};
        const std::string fault = fault_of_save(operation, {packed_.num_qubits, packed_.variable_words});
        if (!fault.empty()) fail(fault);
        return operation;
    }

    // A payload of classical code behind `skipped` other integers; the code leaves so many words.
    std::shared_ptr<const std::vector<std::int64_t>> code(std::size_t skipped, int result_words) {
        auto values = payload<std::int64_t>("integers");
        if (values->size() < skipped) fail("the payload has no target; begin with one");
        try {
            check_code(std::span(*values).subspan(skipped), packed_.num_clbits, packed_.variable_words,
                       packed_.labels.size(), static_cast<std::size_t>(result_words));
        } catch (const std::invalid_argument& error) {
            fail(error.what());
        }
        return values;
    }

    // This row's payload as a vector<Entry> of the given size, if one is given, that shares the packed program's
    // memory.
    template <class Entry>
    std::shared_ptr<const std::vector<Entry>> payload(const char* kind, std::optional<std::size_t> size = {}) {
        const std::int64_t operand = packed_.operand[index_];
        if (operand < 0 || static_cast<std::size_t>(operand) >= packed_.payloads.size()) {
            fail("payload " + std::to_string(operand) + " is out of range; the program has " +
                 counted(packed_.payloads.size(), "payload"));
        }
        const auto which = static_cast<std::size_t>(operand);
        const std::shared_ptr<const Payload>& shared = packed_.payloads[which];
        const auto* values = shared ? std::get_if<std::vector<Entry>>(shared.get()) : nullptr;
        if (values == nullptr) {
            fail("payload " + std::to_string(operand) + " has the wrong type; it must be an array of " + kind);
        }
        if (size && values->size() != *size) {
            fail("payload " + std::to_string(operand) + " has " + counted(values->size(), "element") + "; it needs " +
                 std::to_string(*size));
        }
        if (!known_finite_[which] && !is_finite(*shared)) {
            fail("payload " + std::to_string(operand) + " holds a value that is not finite; use finite numbers");
        }
        known_finite_[which] = true;
        return {shared, values};
    }

    // A complex payload of 2^bits entries.
    std::shared_ptr<const std::vector<Complex>> amplitudes(unsigned bits) {
        if (bits > 62) {
            fail("a payload of 2^" + std::to_string(bits) + " elements is too large; use fewer targets");
        }
        return payload<Complex>("complex numbers", std::size_t{1} << bits);
    }

    std::shared_ptr<const std::vector<Complex>> normalised(const Wires& wires) {
        auto values = amplitudes(wires.targets);
        double squared_norm = 0;
        for (const Complex& value : *values) squared_norm += std::norm(value);
        if (!(std::abs(squared_norm - 1) <= norm_tolerance)) {
            fail("the squared norm of the amplitudes is " + std::to_string(squared_norm) + "; normalise them to 1");
        }
        return values;
    }

    std::shared_ptr<const std::vector<std::int64_t>> paulis(const Wires& wires) {
        auto values = payload<std::int64_t>("integers", wires.targets);
        for (std::int64_t value : *values) {
            if (!is_pauli(value)) {
                fail("Pauli code " + std::to_string(value) + " is unknown; use 0 (I), 1 (X), 2 (Y) or 3 (Z)");
            }
        }
        return values;
    }

    std::shared_ptr<const std::vector<std::int64_t>> pattern(const Wires& wires) {
        auto values = payload<std::int64_t>("integers", wires.targets);
        std::vector<bool> seen(wires.targets);
        for (std::int64_t value : *values) {
            if (value < 0 || value >= wires.targets || seen[static_cast<std::size_t>(value)]) {
                fail("pattern entry " + std::to_string(value) + " is out of range or repeated; use each of 0 to " +
                     std::to_string(wires.targets - 1) + " once");
            }
            seen[static_cast<std::size_t>(value)] = true;
        }
        return values;
    }

    const PackedProgram& packed_;
    std::vector<bool> known_finite_;
    std::vector<std::int32_t> sorted_;  // the wires of the present row
    std::size_t index_ = 0;
};

}  // namespace

std::vector<Operation> unpack(const PackedProgram& packed) {
    check_arrays(packed);
    std::vector<Operation> operations;
    operations.reserve(packed.codes.size());
    Unpacker unpacker(packed);
    for (std::size_t index = 0; index < packed.codes.size(); ++index) operations.push_back(unpacker.read(index));
    check_slots(packed, packed.slots);
    return operations;
}

void check_slots(const PackedProgram& packed, std::span<const double> slots) {
    const auto bad = std::find_if(slots.begin(), slots.end(), [](double value) { return !std::isfinite(value); });
    if (bad == slots.end()) return;
    const auto slot = static_cast<std::uint32_t>(bad - slots.begin());
    const auto next = std::upper_bound(packed.slot_begin.begin(), packed.slot_begin.end(), slot);
    reject_operation(packed, static_cast<std::size_t>(next - packed.slot_begin.begin()) - 1,
                     "slot " + std::to_string(slot) + " is " + std::to_string(*bad) + "; use a finite number");
}

}  // namespace ketjet
