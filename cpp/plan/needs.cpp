// The levels are two masks; the classical memory is a set of places that are read later.
#include "plan/needs.hpp"

#include <algorithm>

#include "program/roles.hpp"

namespace ketjet {

bool moves_basis_states(const Operation& operation) {
    if (const GateFacts* const gate = gate_row_of(operation)) return gate->monomial;
    return std::holds_alternative<PermutationOperation>(operation);
}

Needs::Needs(const Program& program) : program_(&program), read_((memory_places(program) + 63) / 64) {
    for (int clbit = 0; clbit < program.num_clbits(); ++clbit) set_read(static_cast<std::uint32_t>(clbit), true);
}

Needs::Needs(const Program& program, Index moved, Index kept)
    : program_(&program), distribution_(moved | kept), everything_(moved), read_((memory_places(program) + 63) / 64) {}

void Needs::need_state() { distribution_ = everything_ = low_bits(program_->num_qubits()); }

void Needs::need_memory() { std::ranges::fill(read_, ~std::uint64_t{0}); }

void Needs::need_exactly() {
    need_state();
    need_memory();
    exactly_ = true;
}

void Needs::join(const Needs& other) {
    distribution_ |= other.distribution_;
    everything_ |= other.everything_;
    exactly_ = exactly_ || other.exactly_;
    for (std::size_t i = 0; i < read_.size(); ++i) read_[i] |= other.read_[i];
}

void Needs::read(const MemoryUse& use) {
    for (const std::uint32_t place : use.reads) set_read(place, true);
}

void Needs::set_read(std::uint32_t place, bool value) {
    const std::uint64_t mask = std::uint64_t{1} << (place % 64);
    read_[place / 64] = value ? read_[place / 64] | mask : read_[place / 64] & ~mask;
}

bool Needs::include(const Operation& operation, bool observed) {
    if (std::holds_alternative<SaveOperation>(operation)) need_exactly();
    if (exactly_) return true;
    if (const auto* const measure = std::get_if<MeasureOperation>(&operation)) return include_measure(*measure);
    if (const auto* const compute = std::get_if<ComputeOperation>(&operation)) return include_compute(*compute);
    if (std::holds_alternative<GlobalPhaseOperation>(operation)) return false;
    const Roles role = roles(*program_, operation);
    if (is_collapse(operation)) return include_reset(role.local, observed);
    const Index touched = role.touched();
    const bool commutes = role.local == 0 ? (touched & everything_) == 0
                                          : (role.local & distribution_) == 0 && (role.diagonal & everything_) == 0;
    if (commutes) return false;
    if (!moves_basis_states(operation) || (touched & everything_) != 0) everything_ |= role.local;
    distribution_ |= touched;
    return true;
}

bool Needs::include_measure(const MeasureOperation& measure) {
    const auto clbit = static_cast<std::uint32_t>(measure.clbit);
    if (!is_read(clbit) && (everything_ & bit(measure.qubit)) == 0) return false;
    set_read(clbit, false);
    everything_ &= ~bit(measure.qubit);
    distribution_ |= bit(measure.qubit);
    return true;
}

bool Needs::include_reset(Index qubits, bool observed) {
    const bool needed = (distribution_ & qubits) != 0;
    everything_ &= ~qubits;
    distribution_ &= ~qubits;
    if (needed && observed) distribution_ |= qubits;
    return needed;
}

bool Needs::include_compute(const ComputeOperation& compute) {
    const MemoryUse use = memory_use(*program_, compute.code());
    const auto is_read_later = [&](std::uint32_t place) { return is_read(place); };
    if (!use.may_fail && std::ranges::none_of(use.writes, is_read_later) &&
        std::ranges::none_of(use.touches, is_read_later)) {
        return false;
    }
    for (const std::uint32_t place : use.writes) set_read(place, false);
    read(use);
    return true;
}

}  // namespace ketjet
