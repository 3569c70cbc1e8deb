// Through which Pauli an operation acts on a qubit. Two operations commute if, on each qubit that they share, both act
// through the same one. Read from the structure alone, whatever the angles.
#pragma once

#include <cstdint>
#include <vector>

#include "program/program.hpp"

namespace ketjet {

// An operation acts through X on a qubit if it commutes with X there: it is a sum of products with I or X on that
// qubit. Most do so through none of the three.
enum class Axis : std::uint8_t { x, y, z, none };
inline constexpr std::size_t axis_count = 4;

struct WireAxis {
    std::int32_t qubit;
    Axis axis;
};

// Of the qubits that the operation does something to. Puts them into `result`, which is kept between calls and then
// needs no allocation.
void wire_axes(const Program& program, const Operation& operation, std::vector<WireAxis>& result);

}  // namespace ketjet
