// The turns of gates are read off their matrices, once, when the library is loaded (see base/fork.hpp).
#include "program/structure.hpp"

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
Turn turn_of_row(const GateFacts& facts) {
    if (facts.targets != 1) return Turn::general;
    if (facts.name == "rx") return Turn::imaginary;
    if (facts.name == "ry") return Turn::real;
    if (facts.parameters > 0) return Turn::general;
    const Matrix matrix = facts.matrix({});
    if (is_real(matrix)) return Turn::real;
    const bool x_like = std::abs(matrix(0, 0) - matrix(1, 1)) < 1e-15 && std::abs(matrix(0, 1) - matrix(1, 0)) < 1e-15;
    return x_like ? Turn::imaginary : Turn::general;
}

const std::vector<Turn> turns_of_rows = [] {
    std::vector<Turn> turns;
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

const std::vector<Turn> pair_turns_of_rows = [] {
    constexpr std::array<double, 4> generic{0.3, 0.5, 0.7, 1.1};  // angles at which no entry vanishes by chance
    std::vector<Turn> turns;
    for (const GateFacts& facts : gate_table()) {
        const Matrix matrix = facts.matrix(std::span(generic).first(static_cast<std::size_t>(facts.parameters)));
        const bool symmetric = facts.targets == 2 && is_symmetric(matrix);
        turns.push_back(!keeps_parity(matrix) ? Turn::none : symmetric ? Turn::imaginary : Turn::general);
    }
    return turns;
}();

}  // namespace

Turn turn_of(const Program& program, const Operation& operation) {
    const Roles role = roles(program, operation);
    if (role.diagonal != 0 || count_bits(role.local) != 1) return Turn::none;
    const auto* const gate = std::get_if<GateOperation>(&operation);
    return gate == nullptr ? Turn::general : turns_of_rows[static_cast<std::size_t>(gate->gate)];
}

Turn pair_turn_of(const Program& program, const Operation& operation) {
    if (const auto* const gate = std::get_if<GateOperation>(&operation)) {
        return pair_turns_of_rows[static_cast<std::size_t>(gate->gate)];
    }
    const Index local = roles(program, operation).local;
    if (const auto* const rotation = std::get_if<PauliRotationOperation>(&operation)) {
        if (count_bits(local) % 2 != 0) return Turn::none;
        const auto changed = std::ranges::count_if(*rotation->paulis, [](std::int64_t p) { return p >= 2; });  // Y, Z
        return changed % 2 == 0 ? Turn::imaginary : Turn::general;
    }
    return local == 0 ? Turn::general : Turn::none;
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

}  // namespace ketjet
