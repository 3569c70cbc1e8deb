// The immutable body of a Program (shared by all its rebound copies) and the fingerprint over it.
#include "program/program.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "base/hash.hpp"
#include "program/instruction.hpp"
#include "program/unpack.hpp"

namespace ketjet {
namespace {

std::uint64_t fingerprint_of(const Payload& payload) {
    SequenceHash result;
    std::visit(
        [&](const auto& values) {
            result.add(std::uint64_t{values.size()});
            for (const auto& value : values) result.add(value);
        },
        payload);
    return result.finish();
}

// Everything but the slots. Payloads enter by their contents, so it does not matter how they are numbered or shared.
std::uint64_t structure_fingerprint(const PackedProgram& packed) {
    std::vector<std::uint64_t> payloads;
    payloads.reserve(packed.payloads.size());
    for (const auto& payload : packed.payloads) payloads.push_back(payload ? fingerprint_of(*payload) : 0);

    SequenceHash result;
    result.add(std::int64_t{packed.num_qubits});
    result.add(std::int64_t{packed.num_clbits});
    if (packed.variable_words != 0) result.add(std::int64_t{packed.variable_words});
    for (std::size_t i = 0; i < packed.codes.size(); ++i) {
        const std::int32_t code = packed.codes[i];
        const std::uint32_t first = packed.wire_begin[i];
        const std::uint32_t last = packed.wire_begin[i + 1];
        const std::uint64_t wire_count = last - first;
        result.add(static_cast<std::uint64_t>(code) << 32 | wire_count << 16 | packed.num_controls[i]);
        result.add(packed.control_state[i]);
        for (std::uint32_t wire = first; wire < last; ++wire) result.add(std::int64_t{packed.wires[wire]});
        const auto operand = static_cast<std::uint64_t>(packed.operand[i]);
        result.add(takes_payload(code) ? payloads[operand] : operand);
    }
    return result.finish();
}

}  // namespace

bool PackedProgram::operator==(const PackedProgram& other) const {
    const auto equal = [](const auto& a, const auto& b) { return a == b || (a && b && *a == *b); };
    return num_qubits == other.num_qubits && num_clbits == other.num_clbits && codes == other.codes &&
           wire_begin == other.wire_begin && wires == other.wires && num_controls == other.num_controls &&
           control_state == other.control_state && slot_begin == other.slot_begin && slots == other.slots &&
           operand == other.operand && std::ranges::equal(payloads, other.payloads, equal) &&
           variable_words == other.variable_words && labels == other.labels;
}

// `packed` keeps no slots: those belong to each Program. It is shared with the programs made by with_operations, whose
// slots it describes too.
struct Program::Body {
    std::shared_ptr<const PackedProgram> packed;
    std::vector<Operation> operations;
    std::vector<std::int32_t> wires;
    int num_qubits;
    std::uint64_t fingerprint;
    bool rewritten;
};

Program::Program(PackedProgram packed) {
    std::vector<Operation> operations = unpack(packed);
    const std::uint64_t fingerprint = structure_fingerprint(packed);
    slots_ = std::exchange(packed.slots, {});
    std::vector<std::int32_t> wires = packed.wires;
    const int num_qubits = packed.num_qubits;
    auto shared = std::make_shared<const PackedProgram>(std::move(packed));
    body_ = std::make_shared<const Body>(
        Body{std::move(shared), std::move(operations), std::move(wires), num_qubits, fingerprint, false});
}

Program::Program(std::shared_ptr<const Body> body, std::vector<double> slots)
    : body_(std::move(body)), slots_(std::move(slots)) {}

int Program::num_qubits() const { return body_->num_qubits; }

int Program::num_clbits() const { return body_->packed->num_clbits; }

int Program::memory_words() const { return clbit_words() + body_->packed->variable_words; }

std::span<const std::string> Program::labels() const { return body_->packed->labels; }

std::span<const Operation> Program::operations() const { return body_->operations; }

std::span<const std::int32_t> Program::wires() const { return body_->wires; }

std::span<const std::int32_t> Program::controls(const Wires& wires) const {
    return std::span(body_->wires).subspan(wires.begin, wires.controls);
}

std::span<const std::int32_t> Program::targets(const Wires& wires) const {
    return std::span(body_->wires).subspan(std::size_t{wires.begin} + wires.controls, wires.targets);
}

Program Program::with_slots(std::vector<double> slots) const {
    if (slots.size() != slots_.size()) {
        throw std::invalid_argument("the program has " + std::to_string(slots_.size()) + " slots, but " +
                                    std::to_string(slots.size()) + " values were given; give one value per slot");
    }
    check_slots(*body_->packed, slots);
    return Program(body_, std::move(slots));
}

const PackedProgram& Program::source() const { return *body_->packed; }

bool Program::is_rewritten() const { return body_->rewritten; }

bool Program::same_structure(const Program& other) const {
    if (body_ == other.body_) return true;
    if (body_->fingerprint != other.body_->fingerprint || body_->rewritten || other.body_->rewritten) return false;
    return *body_->packed == *other.body_->packed;
}

Program Program::with_operations(std::vector<Operation> operations, std::vector<std::int32_t> wires,
                                 int num_qubits) const {
    auto body = std::make_shared<const Body>(
        Body{body_->packed, std::move(operations), std::move(wires), num_qubits, body_->fingerprint, true});
    return Program(std::move(body), slots_);
}

PackedProgram Program::packed() const {
    if (body_->rewritten) throw std::logic_error("a rewritten program has no packed form");
    PackedProgram result = *body_->packed;
    result.slots = slots_;
    return result;
}

std::uint64_t Program::fingerprint() const {
    SequenceHash result;
    result.add(body_->fingerprint);
    for (double slot : slots_) result.add(slot);
    return result.finish();
}

const GateFacts* gate_row_of(const Operation& operation) {
    const auto* const gate = std::get_if<GateOperation>(&operation);
    return gate == nullptr ? nullptr : &gate_table()[static_cast<std::size_t>(gate->gate)];
}

const Wires* wires_of(const Operation& operation) {
    return std::visit(
        [](const auto& which) -> const Wires* {
            if constexpr (requires { which.wires; }) return &which.wires;
            return nullptr;
        },
        operation);
}

}  // namespace ketjet
