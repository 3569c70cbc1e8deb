#include "emit/arena.hpp"

#include <algorithm>

namespace ketjet {

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

}  // namespace ketjet
