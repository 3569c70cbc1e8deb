// Turns on different qubits, without their outer phases, and then phases; either may be missing.
#pragma once

#include <span>

#include "emit/call_writer.hpp"
#include "emit/layer_turn.hpp"
#include "emit/phase_form.hpp"

namespace ketjet {

template <class T>
void emit_layer(std::span<const LayerTurn> turns, PhaseForm phases, BlockFrame& frame, CallWriter<T>& out);

}  // namespace ketjet
