// A payload is its number; behind a number that is new come its values.
#include "program/program_bytes.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include "program/check_operations.hpp"
#include "program/classical_code.hpp"
#include "program/gate.hpp"
#include "program/instruction.hpp"

namespace ketjet {

template <>
inline constexpr std::tuple members<Wires>{&Wires::begin, &Wires::controls, &Wires::targets, &Wires::control_state};
template <>
inline constexpr std::tuple members<GateOperation>{&GateOperation::gate, &GateOperation::wires, &GateOperation::slot};
template <>
inline constexpr std::tuple members<UnitaryOperation>{&UnitaryOperation::wires, &UnitaryOperation::matrix};
template <>
inline constexpr std::tuple members<DiagonalOperation>{&DiagonalOperation::wires, &DiagonalOperation::entries};
template <>
inline constexpr std::tuple members<MultiplexerOperation>{&MultiplexerOperation::wires,
                                                          &MultiplexerOperation::matrices};
template <>
inline constexpr std::tuple members<PauliRotationOperation>{
    &PauliRotationOperation::wires, &PauliRotationOperation::paulis, &PauliRotationOperation::slot};
template <>
inline constexpr std::tuple members<PermutationOperation>{&PermutationOperation::wires, &PermutationOperation::pattern};
template <>
inline constexpr std::tuple members<InitializeOperation>{&InitializeOperation::wires, &InitializeOperation::amplitudes};
template <>
inline constexpr std::tuple members<ResetOperation>{&ResetOperation::qubit};
template <>
inline constexpr std::tuple members<MeasureOperation>{&MeasureOperation::qubit, &MeasureOperation::clbit};
template <>
inline constexpr std::tuple members<GlobalPhaseOperation>{&GlobalPhaseOperation::slot,
                                                          &GlobalPhaseOperation::of_circuit};
template <>
inline constexpr std::tuple members<ComputeOperation>{&ComputeOperation::payload};
template <>
inline constexpr std::tuple members<BranchOperation>{&BranchOperation::target, &BranchOperation::payload};
template <>
inline constexpr std::tuple members<JumpOperation>{&JumpOperation::target};
template <>
inline constexpr std::tuple members<SaveOperation>{&SaveOperation::wires, &SaveOperation::payload};

std::uint64_t vocabulary() {
    static const std::uint64_t hash = [] {
        ByteWriter names;
        for (const GateFacts& facts : gate_table()) names.put(std::string(facts.name));
        for (const std::string_view name : instruction_names()) names.put(std::string(name));
        for (const std::string_view name : classical_op_names()) names.put(std::string(name));
        return hash_of(names.bytes());
    }();
    return hash;
}

template <class Entry>
void ProgramWriter::put_payload(const std::vector<Entry>& values) {
    const auto [found, is_new] = payloads_.emplace(&values, static_cast<std::uint32_t>(payloads_.size()));
    bytes_.put(found->second);
    if (is_new) bytes_.put(Payload(values));
}

struct ProgramWriter::OperationWriter {
    ProgramWriter& writer;

    template <class Op>
    void operator()(const Op& operation) const {
        for_each_member(operation, [this](const auto& member) { this->put(member); });
    }
    template <class Member>
    void put(const Member& member) const {
        writer.bytes_.put(member);
    }
    template <class Entry>
    void put(const std::shared_ptr<const std::vector<Entry>>& payload) const {
        writer.put_payload(*payload);
    }
};

void ProgramWriter::put(const Program& original) {
    const PackedProgram& packed = original.source();
    bytes_.put(packed.num_qubits);
    bytes_.put(packed.num_clbits);
    bytes_.put(packed.codes);
    bytes_.put(packed.wire_begin);
    bytes_.put(packed.wires);
    bytes_.put(packed.num_controls);
    bytes_.put(packed.control_state);
    bytes_.put(packed.slot_begin);
    bytes_.put(packed.operand);
    bytes_.put(packed.variable_words);
    bytes_.put(packed.labels);
    bytes_.put(static_cast<std::uint32_t>(packed.payloads.size()));
    static const Payload none;
    for (const auto& payload : packed.payloads) {
        std::visit([this](const auto& values) { this->put_payload(values); }, payload ? *payload : none);
    }
}

void ProgramWriter::put_rewritten(const Program& program) {
    bytes_.put(program.is_rewritten());
    if (!program.is_rewritten()) return;
    bytes_.put(program.num_qubits());
    bytes_.put(std::vector<std::int32_t>(program.wires().begin(), program.wires().end()));
    bytes_.put(std::uint64_t{program.operations().size()});
    for (const Operation& operation : program.operations()) {
        bytes_.put(static_cast<std::uint8_t>(operation.index()));
        std::visit(OperationWriter{*this}, operation);
    }
}

std::shared_ptr<const Payload> ProgramReader::get_payload() {
    const auto number = bytes_.get<std::uint32_t>();
    if (number > payloads_.size()) throw DamagedBytes("a payload is out of range");
    if (number == payloads_.size()) payloads_.push_back(std::make_shared<const Payload>(bytes_.get<Payload>()));
    return payloads_[number];
}

struct ProgramReader::OperationReader {
    ProgramReader& reader;

    template <std::size_t... index>
    Operation one_of(std::index_sequence<index...>) const {
        const auto which = reader.bytes_.get<std::uint8_t>();
        if (which >= sizeof...(index)) throw DamagedBytes("an operation is of no known kind");
        Operation result;
        ((which == index ? void(result = read<std::variant_alternative_t<index, Operation>>()) : void()), ...);
        return result;
    }
    template <class Op>
    Op read() const {
        Op operation{};
        for_each_member(operation, [this](auto& member) { this->get(member); });
        return operation;
    }
    template <class Member>
    void get(Member& member) const {
        reader.bytes_.get(member);
    }
    template <class Entry>
    void get(std::shared_ptr<const std::vector<Entry>>& values) const {
        const std::shared_ptr<const Payload> payload = reader.get_payload();
        const auto* const entries = std::get_if<std::vector<Entry>>(payload.get());
        if (entries == nullptr) throw DamagedBytes("a payload is of the wrong type");
        values = {payload, entries};
    }
};

Program ProgramReader::get() {
    PackedProgram packed;
    bytes_.get(packed.num_qubits);
    bytes_.get(packed.num_clbits);
    bytes_.get(packed.codes);
    bytes_.get(packed.wire_begin);
    bytes_.get(packed.wires);
    bytes_.get(packed.num_controls);
    bytes_.get(packed.control_state);
    bytes_.get(packed.slot_begin);
    bytes_.get(packed.operand);
    bytes_.get(packed.variable_words);
    bytes_.get(packed.labels);
    const auto payloads = bytes_.get<std::uint32_t>();
    for (std::uint32_t i = 0; i < payloads; ++i) packed.payloads.push_back(get_payload());
    const int max_slots = std::ranges::max(gate_table(), {}, &GateFacts::parameters).parameters;
    const std::size_t slots = packed.slot_begin.empty() ? 0 : packed.slot_begin.back();
    if (slots > packed.codes.size() * static_cast<std::size_t>(max_slots)) throw DamagedBytes("a slot is out of range");
    packed.slots.resize(slots);
    return Program(std::move(packed));
}

Program ProgramReader::get_rewritten(const Program& original) {
    if (!bytes_.get<bool>()) return original;
    const auto num_qubits = bytes_.get<int>();
    if (num_qubits < 0) throw DamagedBytes("a program has a negative number of qubits");
    auto wires = bytes_.get<std::vector<std::int32_t>>();
    const auto count = bytes_.get<std::uint64_t>();
    if (count > bytes_.left()) throw DamagedBytes("they end too early");
    std::vector<Operation> operations;
    for (std::uint64_t i = 0; i < count; ++i) {
        operations.push_back(OperationReader{*this}.one_of(std::make_index_sequence<std::variant_size_v<Operation>>()));
    }
    Program program = original.with_operations(std::move(operations), std::move(wires), num_qubits);
    check_operations(program);
    return program;
}

}  // namespace ketjet
