#include "base/seed_sequence.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <vector>

namespace ketjet {

namespace {

constexpr std::size_t pool_words = 4;

constexpr std::uint32_t folded(std::uint32_t word) { return word ^ word >> 16; }

// Each word is hashed with a constant of its own.
class Hash {
 public:
    constexpr Hash(std::uint32_t first, std::uint32_t factor) : constant_(first), factor_(factor) {}
    constexpr std::uint32_t operator()(std::uint32_t word) {
        word ^= constant_;
        constant_ *= factor_;
        return folded(word * constant_);
    }

 private:
    std::uint32_t constant_;
    std::uint32_t factor_;
};

constexpr std::uint32_t mixed(std::uint32_t a, std::uint32_t b) { return folded(0xca01f9ddu * a - 0x4973f715u * b); }

// As few words as hold the number, but one at least.
void append(std::uint64_t number, std::vector<std::uint32_t>& words) {
    words.push_back(static_cast<std::uint32_t>(number));
    if (number >> 32 != 0) words.push_back(static_cast<std::uint32_t>(number >> 32));
}

}  // namespace

PhiloxKey key_of(std::span<const std::uint32_t> seed, std::uint64_t spawn, std::uint64_t occurrence) {
    std::vector<std::uint32_t> entropy(seed.begin(), seed.end());
    entropy.resize(std::max(entropy.size(), pool_words));
    append(spawn, entropy);
    if (occurrence != 0) append(occurrence, entropy);
    std::array<std::uint32_t, pool_words> pool{};
    Hash hash(0x43b0d7e5u, 0x931e8875u);
    for (std::size_t i = 0; i < pool_words; ++i) pool[i] = hash(entropy[i]);
    for (std::size_t from = 0; from < pool_words; ++from) {
        for (std::size_t to = 0; to < pool_words; ++to) {
            if (from != to) pool[to] = mixed(pool[to], hash(pool[from]));
        }
    }
    for (std::size_t i = pool_words; i < entropy.size(); ++i) {
        for (std::uint32_t& word : pool) word = mixed(word, hash(entropy[i]));
    }
    Hash generate(0x8b51f9ddu, 0x58f38dedu);
    const std::uint32_t first = generate(pool[0]);
    return {first, generate(pool[1])};
}

}  // namespace ketjet
