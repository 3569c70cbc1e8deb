// Philox4x32-10 and the integer draws on top of it. The order in which words are taken from a block is part of the
// reproducibility promise (rng_version): changing it changes every sampled result.
#include "base/rng.hpp"

#include <cstddef>
#include <cstdint>

namespace ketjet {

namespace {

__extension__ using Wide = unsigned __int128;

// The multipliers and Weyl increments of Random123's philox.h.
constexpr std::uint32_t multiplier_0 = 0xD2511F53;
constexpr std::uint32_t multiplier_1 = 0xCD9E8D57;
constexpr std::uint32_t weyl_0 = 0x9E3779B9;
constexpr std::uint32_t weyl_1 = 0xBB67AE85;
constexpr int rounds = 10;

constexpr std::uint32_t high_half(std::uint64_t value) { return static_cast<std::uint32_t>(value >> 32); }
constexpr std::uint32_t low_half(std::uint64_t value) { return static_cast<std::uint32_t>(value); }

}  // namespace

PhiloxBlock philox4x32_10(const PhiloxBlock& counter, const PhiloxKey& key) {
    PhiloxBlock block = counter;
    PhiloxKey round_key = key;
    for (int round = 0; round < rounds; ++round) {
        const std::uint64_t product_0 = std::uint64_t{multiplier_0} * block[0];
        const std::uint64_t product_1 = std::uint64_t{multiplier_1} * block[2];
        block = {high_half(product_1) ^ block[1] ^ round_key[0], low_half(product_1),
                 high_half(product_0) ^ block[3] ^ round_key[1], low_half(product_0)};
        round_key[0] += weyl_0;
        round_key[1] += weyl_1;
    }
    return block;
}

std::uint32_t RandomStream::next_u32() {
    if (used_ == 4) {
        block_ = philox4x32_10(counter_, key_);
        ++counter_[0];
        used_ = 0;
    }
    return block_[static_cast<std::size_t>(used_++)];
}

std::uint64_t RandomStream::next_u64() {
    const std::uint64_t low = next_u32();
    const std::uint64_t high = next_u32();
    return high << 32 | low;
}

double RandomStream::uniform() { return static_cast<double>(next_u64() >> 11) * 0x1p-53; }

double RandomStream::uniform_positive() { return static_cast<double>((next_u64() >> 11) + 1) * 0x1p-53; }

// Lemire, "Fast random integer generation in an interval", ACM TOMACS 29 (2019): the high word of a 64 x 64 bit
// product is the draw; a low word below 2^64 mod bound marks the few products that would bias it.
std::uint64_t RandomStream::below(std::uint64_t bound) {
    Wide product = Wide{next_u64()} * bound;
    if (static_cast<std::uint64_t>(product) < bound) {
        const std::uint64_t biased_below = (~bound + 1) % bound;
        while (static_cast<std::uint64_t>(product) < biased_below) product = Wide{next_u64()} * bound;
    }
    return static_cast<std::uint64_t>(product >> 64);
}

}  // namespace ketjet
