// Rotations about products of Paulis, by the rotation kernel.
#pragma once

#include "emit/call_writer.hpp"
#include "program/action.hpp"

namespace ketjet {

template <class T>
void emit_rotation(const RotationAction& action, BlockFrame& frame, CallWriter<T>& out);

}  // namespace ketjet
