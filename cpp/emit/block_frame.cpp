// The columns start as the identity with a swizzle: a high bit also changes a low one, so that vectors a power of two
// apart do not fall into the same cache sets. It changes none of the lowest: vectors that follow each other never lie
// at the same place of a page, where the loads of one would wait for the stores of the other.
#include "emit/block_frame.hpp"

#include <algorithm>
#include <bit>
#include <utility>

#include "base/bits.hpp"

namespace ketjet {

namespace {

constexpr std::size_t set_stride = 4096;  // bytes after which addresses share a set of the first-level cache
constexpr std::size_t unswizzled_bits = 2;
constexpr int table_bits = 6;  // of AddressMap::low

}  // namespace

void* Arena::take_bytes(std::size_t bytes) {
    constexpr std::size_t alignment = 64, first_chunk = 16 << 10, max_chunk = 256 << 10;
    const std::size_t rounded = (bytes + alignment - 1) / alignment * alignment;
    if (chunks_.empty() || used_ + rounded > chunks_.back().bytes()) {
        const std::size_t chunk = chunks_.empty() ? first_chunk : std::min(2 * chunks_.back().bytes(), max_chunk);
        chunks_.emplace_back(std::max(rounded, chunk));
        used_ = 0;
    }
    void* const result = static_cast<std::byte*>(chunks_.back().data()) + used_;
    used_ += rounded;
    return result;
}

BlockFrame::BlockFrame(std::span<const int> hot, int lane_bits, std::uint32_t vector_scalars, std::size_t vector_bytes,
                       Arena& arena)
    : lane_bits_(lane_bits), columns_(hot.size() - static_cast<std::size_t>(lane_bits)), arena_(arena) {
    position_.fill(-1);
    for (std::size_t p = 0; p < hot.size(); ++p) position_[static_cast<std::size_t>(hot[p])] = static_cast<int>(p);
    const auto plain_bits = static_cast<std::size_t>(std::countr_zero(set_stride / vector_bytes));
    const std::size_t swizzled_bits = plain_bits - unswizzled_bits;
    for (std::size_t b = 0; b < columns_.size(); ++b) {
        const Index swizzle =
            b < plain_bits ? 0 : bit(static_cast<int>(unswizzled_bits + (b - plain_bits) % swizzled_bits));
        columns_[b] = vector_scalars * static_cast<std::uint32_t>(bit(static_cast<int>(b)) ^ swizzle);
    }
}

AddressMap BlockFrame::map() {
    if (!changed_) return map_;
    const int high_bits = std::max(0, vector_bits() - table_bits);
    std::uint32_t* const low = arena_.take<std::uint32_t>(std::size_t{1} << table_bits);
    std::uint32_t* const high = arena_.take<std::uint32_t>(std::size_t{1} << high_bits);
    low[0] = high[0] = 0;
    for (int b = 0; b < vector_bits(); ++b) {
        std::uint32_t* const table = b < table_bits ? low : high;
        const Index half = bit(b < table_bits ? b : b - table_bits);
        for (Index y = 0; y < half; ++y) table[half + y] = table[y] ^ columns_[static_cast<std::size_t>(b)];
    }
    map_ = {low, high, affine_};
    changed_ = false;
    return map_;
}

std::uint32_t BlockFrame::offset(Index vectors) const {
    std::uint32_t result = 0;
    for (; vectors != 0; vectors &= vectors - 1) {
        result ^= columns_[static_cast<std::size_t>(std::countr_zero(vectors))];
    }
    return result;
}

void BlockFrame::flip(int qubit) {
    if (has_sign(qubit)) scale = -scale;  // XZ = -ZX
    if (is_vector(qubit)) {
        affine_ ^= column(qubit);
        map_.affine = affine_;
    } else {
        lane_flip ^= bit(position(qubit));
    }
}

void BlockFrame::add(int control, int target) {
    column(control) ^= column(target);
    changed_ = true;
    if (has_sign(target)) toggle_sign(control);
}

void BlockFrame::exchange(int first, int second) {
    std::swap(column(first), column(second));
    changed_ = true;
    move_signs_of_swap(first, second);
}

void BlockFrame::move_signs_of_swap(int first, int second) {
    if (has_sign(first) == has_sign(second)) return;
    toggle_sign(first);
    toggle_sign(second);
}

}  // namespace ketjet
