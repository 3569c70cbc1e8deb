// Page-aligned memory for amplitudes. Large buffers ask for huge pages and come from a process-wide pool
// (base/buffer_pool.hpp), because the first touch of fresh pages costs more than simulating a whole circuit on warm
// ones.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/buffer_pool.hpp"

namespace ketjet {

class AlignedBuffer {
 public:
    AlignedBuffer() = default;
    // Takes a buffer from the pool or maps a new one (contents unspecified), and charges it to the current budget.
    // Throws std::bad_alloc.
    explicit AlignedBuffer(std::size_t bytes);
    AlignedBuffer(AlignedBuffer&& other) noexcept;
    AlignedBuffer& operator=(AlignedBuffer&& other) noexcept;
    AlignedBuffer(const AlignedBuffer&) = delete;
    AlignedBuffer& operator=(const AlignedBuffer&) = delete;
    ~AlignedBuffer();

    void* data() const { return block_.data; }
    std::size_t bytes() const { return bytes_; }
    // Whether some of its pages may be missing: nobody has touched them before, or the system may have taken them.
    bool is_fresh() const { return block_.fresh; }

    // Gives the memory back: to the pool, or with `release_now` straight to the operating system.
    void reset(bool release_now = false) noexcept;

 private:
    Block block_;
    std::size_t bytes_ = 0;  // as asked for
};

// Over the whole process.
BufferUsage buffer_usage();

// Gives everything in the pool back to the operating system.
void empty_pool();

// The same for whatever else this process keeps but does not use.
void release_free_memory();

// The most bytes that the pool keeps warm of its own; a smaller limit trims it at once. Zero empties and disables it.
void set_pool_limit(std::size_t bytes);

// Makes the k-th allocation from now on fail with std::bad_alloc (0: never); for fault-injection tests.
void fail_allocation_after(std::int64_t count);

}  // namespace ketjet
