// Memory for coefficients and offsets of one sweep: grows, never moves, is freed at once or kept for the next sweep.
#pragma once

#include <cstddef>
#include <vector>

#include "base/aligned_buffer.hpp"

namespace ketjet {

class Arena {
 public:
    // How much has been taken.
    struct Mark {
        std::size_t chunk = 0;
        std::size_t bytes = 0;
    };

    // `count` objects without values, aligned for vector registers.
    template <class U>
    U* take(std::size_t count) {
        return static_cast<U*>(take_bytes(count * sizeof(U)));
    }

    Mark mark() const { return taken_; }
    // All that has been taken since can be taken again.
    void rewind(Mark mark) { taken_ = mark; }

    std::size_t bytes() const {
        std::size_t sum = 0;
        for (const AlignedBuffer& chunk : chunks_) sum += chunk.bytes();
        return sum;
    }

 private:
    void* take_bytes(std::size_t bytes);

    std::vector<AlignedBuffer> chunks_;
    Mark taken_;  // of which chunk, and of its bytes; those after it are free
};

// What is taken from an arena while this lives can be taken again afterwards.
class ArenaScope {
 public:
    explicit ArenaScope(Arena& arena) : arena_(arena), mark_(arena.mark()) {}
    ArenaScope(const ArenaScope&) = delete;
    ArenaScope& operator=(const ArenaScope&) = delete;
    ~ArenaScope() { arena_.rewind(mark_); }

 private:
    Arena& arena_;
    Arena::Mark mark_;
};

}  // namespace ketjet
