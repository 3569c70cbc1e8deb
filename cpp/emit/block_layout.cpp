#include "emit/block_layout.hpp"

#include <bit>

namespace ketjet {

BlockLayout::BlockLayout(std::span<const int> hot, Index active, int lane_bits)
    : positions_(static_cast<int>(hot.size())),
      lane_bits_(lane_bits),
      block_bits_(count_bits(active & ~mask_of(hot))),
      hot_(mask_of(hot)) {
    place_.fill(-1);
    for (int position = 0; position < positions_; ++position) {
        place_[static_cast<std::size_t>(hot[static_cast<std::size_t>(position)])] = position;
    }
}

Index BlockLayout::positions_of(Index qubits) const {
    Index result = 0;
    for (Index rest = qubits & hot_; rest != 0; rest &= rest - 1) result |= bit(position(std::countr_zero(rest)));
    return result;
}

PlacedCondition BlockLayout::place(const Condition& condition) const {
    if (condition.mask == 0) return {};
    const Index cold = cold_of(condition.mask), mask = positions_of(condition.mask);
    const Index value = positions_of(condition.mask & condition.value);
    return {{cold, condition.value & cold}, {vectors_of(mask), vectors_of(value)}, {lanes_of(mask), lanes_of(value)}};
}

std::size_t BlockLayout::entry_of(std::span<const int> qubits, Index in_block, Index base) const {
    std::size_t entry = 0;
    for (std::size_t j = 0; j < qubits.size(); ++j) {
        const int place = place_of(qubits[j]);
        if ((place < 0 ? base >> qubits[j] : in_block >> place) & 1) entry |= std::size_t{1} << j;
    }
    return entry;
}

}  // namespace ketjet
