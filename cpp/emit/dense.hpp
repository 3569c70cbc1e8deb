// Matrices, and matrices chosen by other qubits, by the dense kernel.
#pragma once

#include "emit/call_writer.hpp"
#include "program/action.hpp"

namespace ketjet {

template <class T>
void emit_dense(const DenseAction& action, BlockFrame& frame, CallWriter<T>& out);

template <class T>
void emit_dense(const MultiplexerAction& action, BlockFrame& frame, CallWriter<T>& out);

}  // namespace ketjet
