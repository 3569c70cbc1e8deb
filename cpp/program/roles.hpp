// Which qubits an operation acts on, and whether along them it moves amplitudes or is diagonal. Read from the structure
// alone, so that plans survive rebinding.
#pragma once

#include <cstdint>
#include <vector>

#include "base/bits.hpp"
#include "program/program.hpp"

namespace ketjet {

// Which qubits an operation needs at hand, from structure alone; none for the identity gate and for global phases.
// A measured qubit counts as diagonal, a reset or initialized one as local; a save needs all.
struct Roles {
    Index local = 0;     // acted on non-diagonally: must be inside the cache block
    Index diagonal = 0;  // controls and diagonal qubits: a constant of the block is enough

    Index touched() const { return local | diagonal; }
};
Roles roles(const Program& program, const Operation& operation);

// The same qubit by qubit, for programs wider than an index has bits; a save counts as acting on its own wires only.
struct WireRole {
    std::int32_t qubit;
    bool local;
};
// Puts them into `result`, which is kept between calls and then needs no allocation.
void wire_roles(const Program& program, const Operation& operation, std::vector<WireRole>& result);

}  // namespace ketjet
