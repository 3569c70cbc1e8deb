// What a layer turns: planes of single qubits, and of pairs.
#pragma once

#include <variant>

#include "emit/givens_rotation.hpp"
#include "emit/pair_rotation.hpp"

namespace ketjet {

struct QubitTurn {
    int qubit;
    GivensRotation rotation;
};

// One plane for each parity of the two bits.
struct PairTurn {
    int low;
    int high;
    PairRotation rotation;
};

using LayerTurn = std::variant<QubitTurn, PairTurn>;

}  // namespace ketjet
