// Classical values of basis states: which bit of an index goes to which classical bit, by a table for every byte of it.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "base/bits.hpp"

namespace ketjet {

// Which bit of the state goes to which classical bit.
struct BitMove {
    std::int32_t qubit;
    std::int32_t clbit;
};

class BitMover {
 public:
    BitMover(const std::vector<BitMove>& moves, std::span<const std::int32_t> ones, int words)
        : words_(static_cast<std::size_t>(words)) {
        for (const std::int32_t clbit : ones) words_[static_cast<std::size_t>(clbit / 64)].always |= bit(clbit % 64);
        for (const BitMove& move : moves) {
            bytes_ = std::max(bytes_, static_cast<std::size_t>(move.qubit / 8 + 1));
            Word& word = words_[static_cast<std::size_t>(move.clbit / 64)];
            if (word.bytes.empty()) word.bytes.resize(8);
            auto& byte = word.bytes[static_cast<std::size_t>(move.qubit / 8)];
            for (std::size_t value = 0; value < byte.size(); ++value) {
                byte[value] |= (value >> (move.qubit % 8) & 1) << (move.clbit % 64);
            }
        }
    }
    // Writes the value of a basis state, all its words.
    void write(Index basis, std::uint64_t* key) const {
        for (std::size_t w = 0; w < words_.size(); ++w) {
            const Word& word = words_[w];
            key[w] = word.always;
            if (word.bytes.empty()) continue;
            for (std::size_t b = 0; b < bytes_; ++b) key[w] |= word.bytes[b][basis >> (8 * b) & 0xff];
        }
    }

 private:
    struct Word {
        std::uint64_t always = 0;                             // bits of every value
        std::vector<std::array<std::uint64_t, 256>> bytes{};  // by their values; none if nothing is moved here
    };

    std::vector<Word> words_;
    std::size_t bytes_ = 0;
};

}  // namespace ketjet
