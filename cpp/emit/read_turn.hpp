// Turns of a mirror that are read before, by the kernel that does both for one load of ket and bra.
#pragma once

#include <span>

#include "emit/call_writer.hpp"
#include "emit/placed_turn.hpp"

namespace ketjet {

// Emits turns that all have a reading. `norm` is the squared length of the frame's scale before they were placed.
template <class T>
void emit_read_turns(std::span<const PlacedTurn> turns, double norm, BlockFrame& frame, CallWriter<T>& out);

}  // namespace ketjet
