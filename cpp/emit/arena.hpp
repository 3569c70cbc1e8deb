// Memory for coefficients and offsets of one sweep: grows, never moves, is freed at once.
#pragma once

#include <cstddef>
#include <vector>

#include "base/aligned_buffer.hpp"

namespace ketjet {

class Arena {
 public:
    // `count` objects without values, aligned for vector registers.
    template <class U>
    U* take(std::size_t count) {
        return static_cast<U*>(take_bytes(count * sizeof(U)));
    }

    std::size_t bytes() const {
        std::size_t sum = 0;
        for (const AlignedBuffer& chunk : chunks_) sum += chunk.bytes();
        return sum;
    }

 private:
    void* take_bytes(std::size_t bytes);

    std::vector<AlignedBuffer> chunks_;
    std::size_t used_ = 0;
};

}  // namespace ketjet
