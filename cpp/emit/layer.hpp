// Turns on different qubits, without their outer phases, and then phases; either may be missing. In a mirror, turns may
// have readings, and phases may be read.
#pragma once

#include <span>

#include "emit/call_writer.hpp"
#include "emit/layer_turn.hpp"
#include "emit/phase_form.hpp"
#include "emit/phases.hpp"

namespace ketjet {

// Returns whether `readings` are read: before the phases, if there are any in the block.
template <class T>
bool emit_layer(std::span<const LayerTurn> turns, PhaseForm& phases, std::span<const DiagonalReading> readings,
                BlockFrame& frame, CallWriter<T>& out);

}  // namespace ketjet
