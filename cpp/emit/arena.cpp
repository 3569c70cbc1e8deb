#include "emit/arena.hpp"

#include <algorithm>

namespace ketjet {

void* Arena::take_bytes(std::size_t bytes) {
    constexpr std::size_t alignment = 64, first_chunk = 16 << 10, max_chunk = 256 << 10;
    const std::size_t rounded = (bytes + alignment - 1) / alignment * alignment;
    const auto has_room = [&] { return taken_.bytes + rounded <= chunks_[taken_.chunk].bytes(); };
    while (taken_.chunk < chunks_.size() && !has_room()) taken_ = {taken_.chunk + 1, 0};
    if (taken_.chunk == chunks_.size()) {
        const std::size_t chunk = chunks_.empty() ? first_chunk : std::min(2 * chunks_.back().bytes(), max_chunk);
        chunks_.emplace_back(std::max(rounded, chunk));
    }
    void* const result = static_cast<std::byte*>(chunks_[taken_.chunk].data()) + taken_.bytes;
    taken_.bytes += rounded;
    return result;
}

}  // namespace ketjet
