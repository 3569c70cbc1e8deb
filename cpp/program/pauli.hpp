// The numbers that stand for Pauli matrices in the payload of a Pauli rotation, and what these matrices do.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/bits.hpp"

namespace ketjet {

constexpr std::array<std::string_view, 4> pauli_names = {"I", "X", "Y", "Z"};  // by number

constexpr bool is_pauli(std::int64_t number) { return number >= 0 && number <= 3; }

// Whether it flips the bit, as X does; Y = i X Z.
constexpr bool has_x(std::int64_t pauli) { return pauli == 1 || pauli == 2; }

// Whether it changes the sign of |1>, as Z does.
constexpr bool has_z(std::int64_t pauli) { return pauli == 2 || pauli == 3; }

// Of a letter, as in GateFacts::paulis.
constexpr std::int64_t pauli_of(char name) { return name == 'I' ? 0 : name - 'X' + 1; }

// A product of Paulis: the qubits with X or Y, and those with Z or Y.
struct PauliMasks {
    Index x = 0;
    Index z = 0;
};

// `pauli_at(k)` is the number of the Pauli on target k.
template <class PauliAt>
constexpr PauliMasks masks_of(std::span<const std::int32_t> targets, PauliAt pauli_at) {
    PauliMasks masks;
    for (std::size_t k = 0; k < targets.size(); ++k) {
        const std::int64_t pauli = pauli_at(k);
        if (has_x(pauli)) masks.x |= bit(targets[k]);
        if (has_z(pauli)) masks.z |= bit(targets[k]);
    }
    return masks;
}

}  // namespace ketjet
