// A product of Paulis on some qubits and of projectors onto |0> or |1> on others.
#pragma once

#include "base/bits.hpp"
#include "program/action.hpp"

namespace ketjet {

// X and Z where a qubit is in one of the masks, Y = i X Z where it is in both. The condition is on other qubits: where
// it is not met, the product is zero.
struct PauliString {
    Index x = 0;
    Index z = 0;
    Condition condition{};
    bool operator==(const PauliString&) const = default;
};

}  // namespace ketjet
