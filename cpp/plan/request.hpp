// What a plan is wanted for.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/bits.hpp"
#include "base/precision.hpp"

namespace ketjet {

// What the planner may do; each of these can be switched off, and none changes the outcome but for rounding.
struct PlanOptions {
    bool growth = true;          // qubits that nothing has touched yet stay out of the state
    bool known_bits = true;      // controls and flips whose value is known from |0...0> are worked out beforehand
    bool relabel_swaps = true;   // swaps and permutations rename the qubits of all earlier operations
    bool prune = true;           // operations that reach no measurement are dropped where no state is returned
    bool reuse_qubits = true;    // and qubits take the places of others that are measured or reset for the last time
    bool merge_dense = true;     // operations on one pair of qubits become one matrix where that is cheaper
    bool turn_pairs = true;      // pairs whose parity is kept are turned together instead, with phases around them
    bool merge_passes = true;    // turns and phases of several operations share a pass
    bool block_frame = true;     // X, Y, Z, CX and SWAP inside a block are bookkeeping
    bool real_blocks = true;     // while all amplitudes are real, blocks hold two in the place of one
    bool merge_branches = true;  // trajectories that meet in the same state go on as one
    bool search = true;          // hot qubits and orders of passes are searched for, else taken as they come
    bool operator==(const PlanOptions&) const = default;
};

// Their names, in order.
std::span<const std::string_view> plan_option_names();

// All options but these; throws std::invalid_argument where a name is none of theirs.
PlanOptions options_without(std::span<const std::string> switched_off);

// How a state is shared out among ranks: each holds the amplitudes of one value of the qubits that are global.
struct Sharing {
    int global_qubits = 0;   // one rank for each of their values; of a state that is too small for that, each has all
    int pinned_qubits = 12;  // the lowest ones, which are never global unless an operation is too wide for that
    bool operator==(const Sharing&) const = default;
};

struct PlanRequest {
    Precision precision = Precision::double_;
    PlanOptions options{};
    bool from_zero = true;   // else the state may hold anything, and every collapse is for good (StateVector.evolve)
    bool keep_state = true;  // the final state is wanted, not only what is measured
    Index fresh = 0;         // where from_zero is false: qubits of the stored state that are |0> all the same
    Sharing sharing{};
    bool operator==(const PlanRequest&) const = default;
};

}  // namespace ketjet
