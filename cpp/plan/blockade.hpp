// What cannot be moved across what has been passed by, as long as two operations commute only where both are diagonal
// or their qubits are apart.
#pragma once

#include "base/bits.hpp"

namespace ketjet {

// What has been passed by, and so cannot be moved across.
struct Blockade {
    Index all = 0;
    Index local = 0;
    bool lets_pass(Index of_local, Index of_diagonal) const {
        return (all & (of_local | of_diagonal)) == 0 && (local & of_local) == 0;
    }
    void add(Index of_local, Index of_diagonal) {
        all |= of_local;
        local |= of_diagonal;
    }
};

}  // namespace ketjet
