// The passes of a mirror's sweep, with the readings for derivatives by slots before, in and behind them.
#pragma once

#include "emit/call_writer.hpp"
#include "emit/slot_readings.hpp"
#include "emit/sweep_terms.hpp"

namespace ketjet {

// Emits the passes of the sweep whose terms these are, and what is to be read of them.
template <class T>
void emit_mirrored_passes(const Sweep& sweep, SweepTerms& terms, SlotReadings& readings, BlockFrame& frame,
                          CallWriter<T>& out, BoundSweep& bound);

}  // namespace ketjet
