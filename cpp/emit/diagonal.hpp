// Diagonal matrices with any entries, by the diagonal kernel.
#pragma once

#include "emit/call_writer.hpp"
#include "program/action.hpp"

namespace ketjet {

template <class T>
void emit_diagonal(const DiagonalAction& action, BlockFrame& frame, CallWriter<T>& out);

// Multiplies by the sign that the frame holds of a qubit, which has one.
template <class T>
void emit_sign(int qubit, BlockFrame& frame, CallWriter<T>& out);

}  // namespace ketjet
