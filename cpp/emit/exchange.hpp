// X behind controls and SWAP, by the exchange kernel: amplitudes change places. What needs no amplitude to be moved is
// in relabel.hpp.
#pragma once

#include "emit/call_writer.hpp"
#include "program/action.hpp"

namespace ketjet {

template <class T>
void emit_exchange(const FlipAction& action, BlockFrame& frame, CallWriter<T>& out);

template <class T>
void emit_exchange(const SwapAction& action, BlockFrame& frame, CallWriter<T>& out);

// Brings the lanes back in order.
template <class T>
void emit_lane_order(BlockFrame& frame, CallWriter<T>& out);

// What the signs of a flip's targets become when amplitudes are moved.
template <class T>
void move_signs_of_flip(const FlipAction& action, BlockFrame& frame, CallWriter<T>& out);

}  // namespace ketjet
