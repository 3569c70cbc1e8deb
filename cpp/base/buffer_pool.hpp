// The free buffers of this process, whose pages are warm, and its totals. Up to a limit they are simply kept. What is
// beyond it, the oldest first and whatever is larger by itself, is offered to the system (base/pages.hpp) and stays
// mapped, as long as it is no more than the process has needed: in use or kept, buffers never take more together than
// those in use took at some time before. The system is never called while the pool is locked.
#pragma once

#include <cstddef>
#include <mutex>
#include <vector>

#include "base/machine.hpp"

namespace ketjet {

// A piece of memory, as the C library or the system gave it; without data there is none.
struct Block {
    void* data = nullptr;
    std::size_t bytes = 0;
    bool fresh = true;          // its first touch may have to find pages
    bool offered_once = false;  // the system may have counted it as free ever since
};

class BufferPool {
 public:
    // Blocks of this size and larger ones are mapped and kept, smaller ones are the C library's business.
    static constexpr std::size_t min_mapping = std::size_t{32} << 10;

    BufferPool();

    // A block of exactly this size, a kept one if there is any. Throws std::bad_alloc.
    Block take(std::size_t bytes);

    // The end of its use.
    void give_back(Block block, bool keep);

    // So many bytes more of those in use are promised, but not touched yet; fewer if negative.
    void promise(std::ptrdiff_t bytes);

    void empty();
    void set_limit(std::size_t bytes);
    BufferUsage usage();
    std::mutex& mutex() { return mutex_; }

    // In a forked child, which does not inherit what is offered. The pool is locked.
    void forget_offered();

 private:
    using Blocks = std::vector<Block>;  // the oldest first

    Block take_kept(std::size_t bytes);
    void offer(Block block);
    // Keeps what the limits allow, at most `most` bytes of it warm, beside so many bytes more in use.
    void trim(std::size_t most, std::size_t more);

    // These lock the pool.
    bool is_too_large(std::size_t bytes);
    Block pop_newest(std::size_t bytes);
    Block pop_warm(std::size_t most);
    Block pop_offered(std::size_t more);
    bool put(Blocks& blocks, std::size_t BufferUsage::* use, const Block& block);

    // These do not.
    Block pop(Blocks& blocks, Blocks::iterator block, std::size_t BufferUsage::* use);
    void count(const Block& block, std::size_t BufferUsage::* use);
    void uncount(const Block& block, std::size_t BufferUsage::* use);

    std::mutex mutex_;
    Blocks warm_, offered_;
    std::size_t limit_;
    std::size_t max_in_use_ = 0;  // so far
    BufferUsage usage_;
};

// That of this process.
BufferPool& buffer_pool();

}  // namespace ketjet
