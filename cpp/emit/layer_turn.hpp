// What a layer turns: planes of single qubits, and of pairs.
#pragma once

#include <cstdint>
#include <optional>
#include <variant>

#include "emit/givens_rotation.hpp"
#include "emit/pair_rotation.hpp"

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

}  // namespace ketjet
