// What a save operation must be like, for unpack.cpp; and the names of its numbers, for those who write programs.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "program/program.hpp"

namespace ketjet {

constexpr std::array<std::string_view, 5> saved_names = {"state", "probabilities", "amplitudes", "expectations",
                                                         "density"};  // in the order of Saved
static_assert(saved_names.size() == static_cast<std::size_t>(Saved::density) + 1);
constexpr std::array<std::string_view, 3> save_mode_names = {"every", "one", "one_a_key"};  // in that of SaveMode
static_assert(save_mode_names.size() == static_cast<std::size_t>(SaveMode::one_a_key) + 1);

// The numbers that stand for Paulis in the payload of a Pauli rotation.
constexpr std::array<std::string_view, 4> pauli_names = {"I", "X", "Y", "Z"};

constexpr std::size_t max_density_qubits = 14;

// What is wrong with the wires and the payload, and the fix; empty if nothing is.
std::string fault_of_save(const SaveOperation& operation, const PackedProgram& packed);

}  // namespace ketjet
