// The immutable body of a Program, which all its rebound copies share.
#include "program/program.hpp"

#include <stdexcept>
#include <utility>

#include "base/hash.hpp"
#include "program/unpack.hpp"

namespace ketjet {

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

std::uint64_t Program::structure_hash() const { return body_->fingerprint; }

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

std::uint64_t Program::fingerprint_with(std::span<const double> slots) const {
    SequenceHash result;
    result.add(body_->fingerprint);
    for (const double slot : slots) result.add(slot);
    return result.finish();
}

}  // namespace ketjet
