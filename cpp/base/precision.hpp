// The precision of amplitudes.
#pragma once

#include <cstdint>

namespace ketjet {

enum class Precision : std::uint8_t { single, double_ };

template <class T>
constexpr Precision precision_of = sizeof(T) == sizeof(float) ? Precision::single : Precision::double_;

constexpr int amplitude_bytes(Precision precision) { return precision == Precision::single ? 8 : 16; }

}  // namespace ketjet
