// A set of the numbers below a given one: qubits of programs that may be wider than an index has bits.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/bits.hpp"

namespace ketjet {

class BitSet {
 public:
    explicit BitSet(int size) : words_((static_cast<std::size_t>(size) + 63) / 64) {}

    bool contains(std::int32_t number) const { return (words_[word_of(number)] >> (number % 64) & 1) != 0; }
    void insert(std::int32_t number) { words_[word_of(number)] |= bit(number % 64); }
    void erase(std::int32_t number) { words_[word_of(number)] &= ~bit(number % 64); }
    void put(std::int32_t number, bool inside) { inside ? insert(number) : erase(number); }
    void clear() { words_.assign(words_.size(), 0); }

    // Calls visit(number) for all in ascending order; a visit may change this set, or others.
    template <class Visit>
    void for_each(Visit&& visit) const {
        for (std::size_t word = 0; word < words_.size(); ++word) {
            for (std::uint64_t rest = words_[word]; rest != 0; rest &= rest - 1) {
                visit(static_cast<std::int32_t>(64 * word) + std::countr_zero(rest));
            }
        }
    }

    BitSet& operator&=(const BitSet& other) {
        for (std::size_t word = 0; word < words_.size(); ++word) words_[word] &= other.words_[word];
        return *this;
    }
    BitSet& operator^=(const BitSet& other) {
        for (std::size_t word = 0; word < words_.size(); ++word) words_[word] ^= other.words_[word];
        return *this;
    }
    BitSet& operator-=(const BitSet& other) {
        for (std::size_t word = 0; word < words_.size(); ++word) words_[word] &= ~other.words_[word];
        return *this;
    }

 private:
    static std::size_t word_of(std::int32_t number) { return static_cast<std::size_t>(number) / 64; }

    std::vector<std::uint64_t> words_;
};

}  // namespace ketjet
