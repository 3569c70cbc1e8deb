#include "program/packed_program.hpp"

#include <algorithm>

#include "base/hash.hpp"
#include "program/instruction.hpp"

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

}  // namespace

bool PackedProgram::operator==(const PackedProgram& other) const {
    const auto equal = [](const auto& a, const auto& b) { return a == b || (a && b && *a == *b); };
    return num_qubits == other.num_qubits && num_clbits == other.num_clbits && codes == other.codes &&
           wire_begin == other.wire_begin && wires == other.wires && num_controls == other.num_controls &&
           control_state == other.control_state && slot_begin == other.slot_begin && slots == other.slots &&
           operand == other.operand && std::ranges::equal(payloads, other.payloads, equal) &&
           variable_words == other.variable_words && labels == other.labels;
}

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

}  // namespace ketjet
