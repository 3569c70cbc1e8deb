// The turns of gates are read off their matrices, once, when the library is loaded (see base/fork.hpp).
#include "program/turn_kind.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <span>
#include <vector>

namespace ketjet {

namespace {

// Whether all entries have the same phase, up to signs.
bool is_real(const Matrix& matrix) {
    Complex phase = 0;
    for (const Complex entry : matrix.entries()) {
        if (std::abs(entry) > std::abs(phase)) phase = entry;
    }
    for (const Complex entry : matrix.entries()) {
        if (std::abs((entry * std::conj(phase)).imag()) > 1e-15) return false;
    }
    return true;
}

// Of a gate that is not diagonal, without controls.
TurnKind turn_of_row(const GateFacts& facts) {
    if (facts.targets != 1) return TurnKind::general;
    if (facts.name == "rx") return TurnKind::imaginary;
    if (facts.name == "ry") return TurnKind::real;
    if (facts.parameters > 0) return TurnKind::general;
    const Matrix matrix = facts.matrix({});
    if (is_real(matrix)) return TurnKind::real;
    const bool x_like = std::abs(matrix(0, 0) - matrix(1, 1)) < 1e-15 && std::abs(matrix(0, 1) - matrix(1, 0)) < 1e-15;
    return x_like ? TurnKind::imaginary : TurnKind::general;
}

const std::vector<TurnKind> turns_of_rows = [] {
    std::vector<TurnKind> turns;
    for (const GateFacts& facts : gate_table()) turns.push_back(turn_of_row(facts));
    return turns;
}();

// Whether flipping all bits changes nothing.
bool is_symmetric(const Matrix& matrix) {
    const std::size_t last = matrix.dimension() - 1;
    for (std::size_t row = 0; row <= last; ++row) {
        for (std::size_t column = 0; column <= last; ++column) {
            if (std::abs(matrix(row, column) - matrix(last - row, last - column)) > 1e-15) return false;
        }
    }
    return true;
}

// With angles at which no entry vanishes by chance.
Matrix generic_matrix(const GateFacts& facts) {
    constexpr std::array<double, 4> generic{0.3, 0.5, 0.7, 1.1};
    return facts.matrix(std::span(generic).first(static_cast<std::size_t>(facts.parameters)));
}

bool all_real(std::span<const Complex> entries) {
    return std::ranges::all_of(entries, [](const Complex& entry) { return entry.imag() == 0; });
}

const std::vector<bool> real_rows = [] {
    std::vector<bool> real;
    for (const GateFacts& facts : gate_table()) real.push_back(all_real(generic_matrix(facts).entries()));
    return real;
}();

const std::vector<TurnKind> pair_turns_of_rows = [] {
    std::vector<TurnKind> turns;
    for (const GateFacts& facts : gate_table()) {
        const Matrix matrix = generic_matrix(facts);
        const bool symmetric = facts.targets == 2 && is_symmetric(matrix);
        turns.push_back(!keeps_parity(matrix) ? TurnKind::none : symmetric ? TurnKind::imaginary : TurnKind::general);
    }
    return turns;
}();

}  // namespace

TurnKind turn_of(const Program& program, const Operation& operation) {
    const Roles role = roles(program, operation);
    if (role.diagonal != 0 || count_bits(role.local) != 1) return TurnKind::none;
    const auto* const gate = std::get_if<GateOperation>(&operation);
    return gate == nullptr ? TurnKind::general : turns_of_rows[static_cast<std::size_t>(gate->gate)];
}

TurnKind pair_turn_of(const Program& program, const Operation& operation) {
    if (const auto* const gate = std::get_if<GateOperation>(&operation)) {
        return pair_turns_of_rows[static_cast<std::size_t>(gate->gate)];
    }
    const Index local = roles(program, operation).local;
    if (const auto* const rotation = std::get_if<PauliRotationOperation>(&operation)) {
        if (count_bits(local) % 2 != 0) return TurnKind::none;
        const auto changed = std::ranges::count_if(*rotation->paulis, [](std::int64_t p) { return p >= 2; });  // Y, Z
        return changed % 2 == 0 ? TurnKind::imaginary : TurnKind::general;
    }
    return local == 0 ? TurnKind::general : TurnKind::none;
}

bool is_relabelling(const Program& program, const Operation& operation) {
    if (const auto* const permutation = std::get_if<PermutationOperation>(&operation)) {
        return program.controls(permutation->wires).empty();
    }
    const GateFacts* const facts = gate_row_of(operation);
    if (facts == nullptr) return false;
    const auto controls = program.controls(std::get<GateOperation>(operation).wires).size();
    if (facts->structure == Structure::flip) return controls <= 1;
    if (facts->structure == Structure::swap) return controls == 0;
    return facts->name == "z" && controls == 0;
}

namespace {

struct KeepsReal {
    bool operator()(const GateOperation& operation) const {
        return real_rows[static_cast<std::size_t>(operation.gate)];
    }
    bool operator()(const UnitaryOperation& operation) const { return all_real(*operation.matrix); }
    bool operator()(const DiagonalOperation& operation) const { return all_real(*operation.entries); }
    bool operator()(const MultiplexerOperation& operation) const { return all_real(*operation.matrices); }
    bool operator()(const PermutationOperation&) const { return true; }
    bool operator()(const auto&) const { return false; }
};

}  // namespace

bool keeps_real(const Operation& operation) { return std::visit(KeepsReal{}, operation); }

}  // namespace ketjet
