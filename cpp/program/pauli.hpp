// The numbers that stand for Pauli matrices in the payload of a Pauli rotation, and what these matrices do.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace ketjet {

constexpr std::array<std::string_view, 4> pauli_names = {"I", "X", "Y", "Z"};  // by number

constexpr bool is_pauli(std::int64_t number) { return number >= 0 && number <= 3; }

// Whether it flips the bit, as X does; Y = i X Z.
constexpr bool has_x(std::int64_t pauli) { return pauli == 1 || pauli == 2; }

// Whether it changes the sign of |1>, as Z does.
constexpr bool has_z(std::int64_t pauli) { return pauli == 2 || pauli == 3; }

// Of a letter, as in GateFacts::paulis.
constexpr std::int64_t pauli_of(char name) { return name == 'I' ? 0 : name - 'X' + 1; }

}  // namespace ketjet
