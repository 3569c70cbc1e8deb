// What the planner asks of an operation again and again, read from the program once.
#pragma once

#include <vector>

#include "base/bits.hpp"
#include "program/turn_kind.hpp"

namespace ketjet {

struct OperationFacts {
    Index local;     // as in Roles
    Index diagonal;  // as in Roles
    double cost_ns;  // per amplitude, of its pass or its share of one
    TurnKind turn;
    TurnKind pair_turn;
    bool relabels;   // bookkeeping can follow it
    bool flips;      // an X, with controls or without
    bool exchanges;  // moves amplitudes and changes none: flips, swaps, permutations
    bool rotates;    // about a Pauli string

    Index touched() const { return local | diagonal; }
};

// Of all operations, in order.
std::vector<OperationFacts> operation_facts(const Program& program);

}  // namespace ketjet
