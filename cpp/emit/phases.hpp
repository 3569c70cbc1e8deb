// A PhaseForm as phase calls. Each call has a table over the lanes and a few more index bits; phases inside the table
// go into it, those outside into the factors of rows, and those across select among up to eight tables by row bits.
// What does not fit is left to a further call. Phases of cold qubits alone are a factor of the block.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "emit/call_writer.hpp"
#include "emit/phase_form.hpp"
#include "emit/placed_form.hpp"
#include "emit/turns.hpp"

namespace ketjet {

// In a mirror: what is read before phases, a string of Z.
struct DiagonalReading {
    std::uint32_t sum;
    Index z;  // qubits
};

// The part of a form that differs within a block, held by an arena; the rest goes into the frame's factors.
PlacedForm place_phases(const PhaseForm& form, BlockFrame& frame, Arena& arena);

// Up to `most` positions that the next call's table is to run over: the lowest ones, then those that leave few others
// coupled across; where these can all be keys, positions that turn next come first, so that both fit into one call.
Index choose_inner(const PlacedForm& form, Index turning, int most);

// One call, turns first: all phases inside `inner`, all outside, and those across to a few keys; the form keeps the
// rest.
template <class T>
void emit_phases(PlacedForm& form, Index inner, const std::optional<JoiningTurns>& turns, BlockFrame& frame,
                 CallWriter<T>& out);

// The same without turns; reads before it. `inner` has read_phase_table_bits.
template <class T>
void emit_read_phases(PlacedForm& form, Index inner, std::span<const DiagonalReading> readings, BlockFrame& frame,
                      CallWriter<T>& out);

}  // namespace ketjet
