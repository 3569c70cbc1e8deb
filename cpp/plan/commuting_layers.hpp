// Layers of a program: stretches in which the operations that vary commute with each other, as few as there can be
// without looking at more than pairs of operations.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "program/program.hpp"

namespace ketjet {

// The layer of each operation. With all operations sorted by layer, those that do not vary before those that do, and
// else as they are, the program does the same: first what does not vary in layer 0, then what varies there, then layer
// 1. Operations of a layer that vary commute: on each qubit that they share they act through the same Pauli
// (program/axes.hpp). Each operation is in the first layer that it can be in. For programs without jumps.
std::vector<std::uint32_t> commuting_layers(const Program& program, std::span<const std::uint8_t> varies);

}  // namespace ketjet
