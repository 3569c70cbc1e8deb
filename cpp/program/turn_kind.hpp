// What the structure of an operation allows the planner, whatever its parameters: turns of planes, on one qubit or on
// pairs, and bookkeeping.
#pragma once

#include "program/program.hpp"

namespace ketjet {

// The plane in which an uncontrolled operation on one qubit turns amplitudes; none for all other operations.
TurnKind turn_of(const Program& program, const Operation& operation);

// The same for both parities of two qubits' bits, as in GateFacts::pair_turn.
TurnKind pair_turn_of(const Program& program, const Operation& operation);

// True for X, Z, CX and SWAP without further controls, and permutations: they move amplitudes or change signs in a way
// that bookkeeping can follow (emit/block_frame.hpp).
bool is_relabelling(const Program& program, const Operation& operation);

// Whether a unitary operation takes real amplitudes to real ones, whatever its parameters.
bool keeps_real(const Operation& operation);

}  // namespace ketjet
