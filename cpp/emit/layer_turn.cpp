// A gate is one of the table's rotations, if it has no controls; products are multiplied out and taken apart, those of
// one qubit's gates by their rotations.
#include "emit/layer_turn.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <optional>
#include <utility>

#include "emit/merge_actions.hpp"

namespace ketjet {

namespace {

// The same plane with its two states in the other order.
GivensRotation reversed(const GivensRotation& rotation) {
    return {rotation.phase + rotation.before + rotation.after,   -rotation.before,  -rotation.after, rotation.cosine,
            rotation.imaginary ? rotation.sine : -rotation.sine, rotation.imaginary};
}

const GateOperation* uncontrolled_gate(const Operation& operation) {
    const auto* const gate = std::get_if<GateOperation>(&operation);
    return gate == nullptr || gate->wires.controls > 0 ? nullptr : gate;
}

std::span<const double> angles_of(const Program& program, const GateOperation& gate) {
    return program.slots().subspan(gate.slot, static_cast<std::size_t>(facts_of(gate).parameters));
}

std::optional<LayerTurn> by_gate_table(const Program& program, const Operation& operation, bool plain) {
    const GateOperation* const gate = uncontrolled_gate(operation);
    if (gate == nullptr) return {};
    const GateFacts& facts = facts_of(*gate);
    const auto angles = angles_of(program, *gate);
    const auto targets = program.targets(gate->wires);
    if (facts.rotation != nullptr) {
        if (plain && facts.turn != TurnKind::real && facts.turn != TurnKind::imaginary) return {};
        return QubitTurn{targets[0], facts.rotation(angles)};
    }
    if (facts.pair_rotation == nullptr || (plain && facts.pair_turn != TurnKind::imaginary)) return {};
    PairRotation rotation = facts.pair_rotation(angles);
    const auto [low, high] = std::minmax(targets[0], targets[1]);
    if (low != targets[0]) rotation.of_parity[1] = reversed(rotation.of_parity[1]);
    return PairTurn{low, high, rotation};
}

LayerTurn adjoint(LayerTurn turn) {
    std::visit([](auto& one) { one.rotation = ketjet::adjoint(one.rotation); }, turn);
    return turn;
}

// A product of rotations of one qubit: a 2x2 matrix times e^{i phase}.
struct QubitProduct {
    std::array<Complex, 2> zero{1, 0}, one{0, 1};  // the rows
    double phase = 0;

    void multiply(const GivensRotation& rotation) {
        phase = reduced_phase(phase + rotation.phase);
        turn_phase(rotation.before);
        if (rotation.sine != 0) {
            for (std::size_t column = 0; column < 2; ++column) {
                const Complex up = rotation.sine * zero[column], down = rotation.sine * one[column];
                zero[column] = rotation.cosine * zero[column] - (rotation.imaginary ? Complex(0, 1) * down : down);
                one[column] = rotation.cosine * one[column] + (rotation.imaginary ? Complex(0, -1) * up : up);
            }
        }
        turn_phase(rotation.after);
    }
    void turn_phase(double angle) {
        if (angle == 0) return;
        const Complex factor = unit_phase(angle);
        for (Complex& entry : one) entry = times(factor, entry);
    }
};

std::optional<LayerTurn> product_of_rotations(const Program& program, std::span<const std::uint32_t> operations,
                                              Direction direction, bool plain) {
    QubitProduct product;
    int qubit = -1;
    for (const std::uint32_t index : operations) {
        const GateOperation* const gate = uncontrolled_gate(program.operations()[index]);
        if (gate == nullptr || facts_of(*gate).rotation == nullptr) return {};
        const int target = program.targets(gate->wires)[0];
        if (qubit >= 0 && target != qubit) return {};
        qubit = target;
        const GivensRotation rotation = facts_of(*gate).rotation(angles_of(program, *gate));
        product.multiply(direction == Direction::forwards ? rotation : ketjet::adjoint(rotation));
    }
    const Matrix matrix(2, {product.zero[0], product.zero[1], product.one[0], product.one[1]});
    GivensRotation rotation = plain ? split_plain_turn(matrix) : split_turn(matrix);
    rotation.phase += product.phase;
    return QubitTurn{qubit, rotation};
}

}  // namespace

LayerTurn turn_of(const Program& program, std::span<const std::uint32_t> operations, Direction direction, bool plain) {
    if (operations.size() == 1) {
        const Operation& operation = program.operations()[operations.front()];
        if (const std::optional<LayerTurn> turn = by_gate_table(program, operation, plain)) {
            return direction == Direction::forwards ? *turn : adjoint(*turn);
        }
    }
    if (const auto turn = product_of_rotations(program, operations, direction, plain)) return *turn;
    const auto [qubits, matrix] = product_of(program, operations, direction);
    const int low = std::countr_zero(qubits), high = static_cast<int>(std::bit_width(qubits)) - 1;
    if (low != high) return PairTurn{low, high, plain ? split_plain_pair(matrix) : split_pair(matrix)};
    return QubitTurn{low, plain ? split_plain_turn(matrix) : split_turn(matrix)};
}

}  // namespace ketjet
