// Gates have their columns in the gate table; other operations are judged by their kind and their numbers.
#include "program/turn_kind.hpp"

#include <algorithm>
#include <span>

#include "program/pauli.hpp"
#include "program/roles.hpp"

namespace ketjet {

namespace {

bool all_real(std::span<const Complex> entries) {
    return std::ranges::all_of(entries, [](const Complex& entry) { return entry.imag() == 0; });
}

}  // namespace

TurnKind turn_of(const Program& program, const Operation& operation) {
    const Roles role = roles(program, operation);
    if (role.diagonal != 0 || count_bits(role.local) != 1) return TurnKind::none;
    const GateFacts* const gate = gate_row_of(operation);
    return gate == nullptr ? TurnKind::general : gate->turn;
}

TurnKind pair_turn_of(const Program& program, const Operation& operation) {
    if (const GateFacts* const gate = gate_row_of(operation)) return gate->pair_turn;
    const Index local = roles(program, operation).local;
    if (const auto* const rotation = std::get_if<PauliRotationOperation>(&operation)) {
        if (count_bits(local) % 2 != 0) return TurnKind::none;
        const auto changed = std::ranges::count_if(*rotation->paulis, has_z);
        return changed % 2 == 0 ? TurnKind::imaginary : TurnKind::general;
    }
    return local == 0 ? TurnKind::general : TurnKind::none;
}

bool is_relabelling(const Program& program, const Operation& operation) {
    if (const auto* const permutation = std::get_if<PermutationOperation>(&operation)) {
        return program.controls(permutation->wires).empty();
    }
    const auto* const gate = std::get_if<GateOperation>(&operation);
    if (gate == nullptr) return false;
    const Structure structure = facts_of(*gate).structure;
    if (structure == Structure::flip) return gate->wires.controls <= 1;
    return (structure == Structure::swap || gate->gate == z_row) && gate->wires.controls == 0;
}

namespace {

struct KeepsReal {
    bool operator()(const GateOperation& operation) const { return facts_of(operation).real; }
    bool operator()(const UnitaryOperation& operation) const { return all_real(*operation.matrix); }
    bool operator()(const DiagonalOperation& operation) const { return all_real(*operation.entries); }
    bool operator()(const MultiplexerOperation& operation) const { return all_real(*operation.matrices); }
    bool operator()(const PermutationOperation&) const { return true; }
    bool operator()(const auto&) const { return false; }
};

}  // namespace

bool keeps_real(const Operation& operation) { return std::visit(KeepsReal{}, operation); }

}  // namespace ketjet
