// Readings: sums over the amplitudes of a block that belong to Pauli strings, read at some place among the passes of a
// sweep. A state, or a pair of states, is read by adding up those of all blocks.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "emit/call_writer.hpp"
#include "program/pauli_string.hpp"

namespace ketjet {

// Which part of <bra| string |ket> is read.
enum class ReadPart : std::uint8_t { real, imaginary };

// Where the bra's amplitudes are: in the ket's own block, where all strings flip hot qubits only; in the block of the
// same state that differs in the cold qubits that the strings flip, of which pairs one block alone is read as ket; or
// in a block of another state.
enum class Bra : std::uint8_t { same_block, partner_block, other_state };

// Adds calls that read strings[k] of bra and ket, as they are after what has been emitted so far, for each k of `read`,
// into the sum number k. The sweep is not folded. What the frame's scale gains or loses later is made up for when the
// sweep is finished.
template <class T>
void emit_reading(std::span<const PauliString> strings, std::span<const std::uint32_t> read, ReadPart part, Bra bra,
                  BlockFrame& frame, CallWriter<T>& out);

// To be called once, with the scale that the whole sweep has: it is applied while blocks are gathered.
void finish_readings(BoundSweep& sweep);

}  // namespace ketjet
