// Hashes that are the same on every machine: integer arithmetic and the bit patterns of IEEE doubles, nothing else.
#pragma once

#include <bit>
#include <complex>
#include <cstdint>

namespace ketjet {

// 2^64 over the golden ratio: the step of splitmix64.
inline constexpr std::uint64_t golden_step = 0x9e3779b97f4a7c15u;

// A permutation of all words that changes about half of the bits when one changes: the finish of splitmix64.
constexpr std::uint64_t mix_bits(std::uint64_t word) {
    word = (word ^ (word >> 30)) * 0xbf58476d1ce4e5b9u;
    word = (word ^ (word >> 27)) * 0x94d049bb133111ebu;
    return word ^ (word >> 31);
}

// A 64-bit hash of a sequence of words, in which every word's position counts. The step is xxHash64's round.
class SequenceHash {
 public:
    constexpr void add(std::uint64_t word) {
        state_ = std::rotl(state_ + word * 0xc2b2ae3d27d4eb4fu, 31) * 0x9e3779b185ebca87u + 0x165667b19e3779f9u;
    }
    constexpr void add(std::int64_t value) { add(static_cast<std::uint64_t>(value)); }
    constexpr void add(double value) { add(std::bit_cast<std::uint64_t>(value + 0.0)); }  // -0.0 counts as 0.0
    void add(const std::complex<double>& value) {
        add(value.real());
        add(value.imag());
    }

    constexpr std::uint64_t finish() const { return mix_bits(state_); }

 private:
    std::uint64_t state_ = 0;
};

}  // namespace ketjet
