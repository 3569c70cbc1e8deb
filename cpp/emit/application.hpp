// What an observable makes of a block of a state: the call that adds it to the block of a bra.
#pragma once

#include <cstdint>
#include <span>

#include "emit/call_writer.hpp"
#include "program/pauli_string.hpp"

namespace ketjet {

// A sum of strings: coefficients[k] strings[k] for each k of `applied`.
struct Application {
    std::span<const PauliString> strings;
    std::span<const double> coefficients;
    std::span<const std::uint32_t> applied;
};

// Adds to the block of bra number `bra` what the sum makes of the ket's block, which differs from it in the cold qubits
// that the strings flip: all the same ones. Nothing has been emitted before.
template <class T>
void emit_application(const Application& sum, std::size_t bra, BlockFrame& frame, CallWriter<T>& out);

}  // namespace ketjet
