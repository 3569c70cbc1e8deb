// The columns start as the identity with a swizzle: a high bit also changes a low one, so that vectors a power of two
// apart do not fall into the same cache sets. It changes none of the lowest: vectors that follow each other never lie
// at the same place of a page, where the loads of one would wait for the stores of the other.
#include "emit/block_frame.hpp"

#include <algorithm>
#include <bit>
#include <utility>

namespace ketjet {

namespace {

constexpr std::size_t set_stride = 4096;  // bytes after which addresses share a set of the first-level cache
constexpr std::size_t unswizzled_bits = 2;
constexpr int table_bits = 6;  // of AddressMap::low

}  // namespace

BlockFrame::BlockFrame(const Sweep& sweep, int lane_bits, std::size_t scalar_bytes, Arena& arena)
    : layout_(sweep.hot, sweep.active, lane_bits), arena_(arena) {
    if (sweep.folded >= 0) fold = Fold{sweep.folded, sweep.unfolds};
    const std::size_t vector_scalars = 2 * layout_.lanes();
    const auto plain_bits = static_cast<std::size_t>(std::countr_zero(set_stride / (vector_scalars * scalar_bytes)));
    const std::size_t swizzled_bits = plain_bits - unswizzled_bits;
    for (std::size_t b = 0; b < static_cast<std::size_t>(layout_.vector_bits()); ++b) {
        const Index swizzle =
            b < plain_bits ? 0 : bit(static_cast<int>(unswizzled_bits + (b - plain_bits) % swizzled_bits));
        columns_[b] = static_cast<std::uint32_t>(vector_scalars * (bit(static_cast<int>(b)) ^ swizzle));
    }
}

AddressMap BlockFrame::map() {
    if (!changed_) return map_;
    const int vector_bits = layout_.vector_bits(), high_bits = std::max(0, vector_bits - table_bits);
    std::uint32_t* const low = arena_.take<std::uint32_t>(std::size_t{1} << table_bits);
    std::uint32_t* const high = arena_.take<std::uint32_t>(std::size_t{1} << high_bits);
    low[0] = high[0] = 0;
    for (int b = 0; b < vector_bits; ++b) {
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

const std::uint64_t* BlockFrame::offsets(Index vectors) const {
    const std::size_t count = std::size_t{1} << count_bits(vectors);
    std::uint64_t* const result = arena_.take<std::uint64_t>(count);
    for (std::size_t i = 0; i < count; ++i) result[i] = offset(deposit_bits(i, vectors));
    return result;
}

VectorSubset BlockFrame::subset(const Condition& vectors, Index axes) {
    return {vectors.mask | axes, vectors.value, layout_.vector_bits(), map(), nullptr};
}

void BlockFrame::toggle_sign(int qubit) {
    if (is_folded(qubit)) {
        conjugate();
    } else {
        signs_ ^= bit(qubit);
    }
}

// X takes a number z of a folded block to i conj(z).
void BlockFrame::flip(int qubit) {
    if (is_folded(qubit)) {
        conjugate();
        scale *= Complex(0, 1);
        return;
    }
    if (has_sign(qubit)) scale = -scale;  // XZ = -ZX
    if (layout_.is_vector(qubit)) {
        affine_ ^= column(qubit);
        map_.affine = affine_;
    } else {
        lane_flip_ ^= bit(layout_.position(qubit));
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

void BlockFrame::conjugate() {
    scale = std::conj(scale);
    fold->conjugated = !fold->conjugated;
}

}  // namespace ketjet
