// What a layer turns: planes of single qubits, and of pairs.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <variant>

#include "emit/direction.hpp"
#include "program/givens_rotation.hpp"

namespace ketjet {

struct QubitTurn {
    int qubit;
    GivensRotation rotation;
    std::optional<std::uint32_t> reading{};  // in a mirror: what is read of its own plane before it, X or Y
};

// One plane for each parity of the two bits.
struct PairTurn {
    int low;
    int high;
    PairRotation rotation;
};

using LayerTurn = std::variant<QubitTurn, PairTurn>;

// The product of operations on one qubit, or on a pair whose parity they keep, as turns between phases. Of what is
// `plain`, which has no phases of its own, these are signs: see split_plain_turn and split_plain_pair.
LayerTurn turn_of(const Program& program, std::span<const std::uint32_t> operations, Direction direction, bool plain);

}  // namespace ketjet
