#include "base/buffer_pool.hpp"

#include <pthread.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <new>

#include "base/pages.hpp"

namespace ketjet {

namespace {

constexpr std::size_t cache_line = 64;
constexpr std::size_t default_limit = std::size_t{1} << 30;
constexpr std::size_t max_blocks = 64;  // of each kind

Block allocate(std::size_t bytes) {
    const bool small = bytes < BufferPool::min_mapping;
    return {small ? std::aligned_alloc(cache_line, bytes) : map_pages(bytes), bytes};
}

void release(const Block& block) {
    if (block.bytes < BufferPool::min_mapping) {
        std::free(block.data);
    } else {
        unmap_pages(block.data, block.bytes);
    }
}

}  // namespace

BufferPool::BufferPool() : limit_(std::min(default_limit, static_cast<std::size_t>(available_memory().bytes / 16))) {
    warm_.reserve(2 * max_blocks);  // giving back must not allocate
    offered_.reserve(2 * max_blocks);
}

Block BufferPool::take(std::size_t bytes) {
    if (const Block kept = take_kept(bytes); kept.data != nullptr) return kept;
    if (is_too_large(bytes)) trim(0, bytes);  // it needs the room more than the pool does
    Block block = allocate(bytes);
    if (block.data == nullptr) {
        empty();
        block = allocate(bytes);
    }
    if (block.data == nullptr) throw std::bad_alloc();
    const std::lock_guard lock(mutex_);
    count(block, &BufferUsage::in_use);
    return block;
}

Block BufferPool::take_kept(std::size_t bytes) {
    const Block block = pop_newest(bytes);
    if (block.data == nullptr || !block.fresh || reclaim_pages(block.data, bytes)) return block;
    give_back(block, false);
    return {};
}

void BufferPool::give_back(Block block, bool keep) {
    bool too_large = false;
    {
        const std::lock_guard lock(mutex_);
        uncount(block, &BufferUsage::in_use);
        keep = keep && block.bytes >= min_mapping && limit_ > 0;
        too_large = block.bytes > limit_;
    }
    block.fresh = false;
    if (keep && too_large) {
        offer(block);
        trim(SIZE_MAX, 0);
    } else if (keep && put(warm_, &BufferUsage::pooled, block)) {
        trim(SIZE_MAX, 0);
    } else {
        release(block);
    }
}

void BufferPool::offer(Block block) {
    block.fresh = block.offered_once = true;
    const bool offered = block.bytes >= huge_page && offer_pages(block.data, block.bytes);
    if (!offered || !put(offered_, &BufferUsage::offered, block)) release(block);
}

void BufferPool::trim(std::size_t most, std::size_t more) {
    for (Block block = pop_warm(most); block.data != nullptr; block = pop_warm(most)) offer(block);
    for (Block block = pop_offered(more); block.data != nullptr; block = pop_offered(more)) release(block);
}

void BufferPool::empty() {
    for (Block block = pop_offered(SIZE_MAX); block.data != nullptr; block = pop_offered(SIZE_MAX)) release(block);
    for (Block block = pop_warm(0); block.data != nullptr; block = pop_warm(0)) release(block);
}

void BufferPool::set_limit(std::size_t bytes) {
    {
        const std::lock_guard lock(mutex_);
        limit_ = bytes;
    }
    if (bytes == 0) empty();
    trim(SIZE_MAX, 0);
}

void BufferPool::promise(std::ptrdiff_t bytes) {
    const std::lock_guard lock(mutex_);
    usage_.untouched += static_cast<std::size_t>(bytes);
}

BufferUsage BufferPool::usage() {
    const std::lock_guard lock(mutex_);
    return usage_;
}

void BufferPool::forget_offered() {
    offered_.clear();
    usage_.offered = 0;
}

bool BufferPool::is_too_large(std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    return bytes > limit_;
}

Block BufferPool::pop_newest(std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    const auto pop_from = [&](Blocks& blocks, std::size_t BufferUsage::* use) {
        const auto newest =
            std::find_if(blocks.rbegin(), blocks.rend(), [&](const Block& b) { return b.bytes == bytes; });
        return newest == blocks.rend() ? Block{} : pop(blocks, std::next(newest).base(), use);
    };
    Block block = pop_from(warm_, &BufferUsage::pooled);
    if (block.data == nullptr) block = pop_from(offered_, &BufferUsage::offered);
    if (block.data != nullptr) count(block, &BufferUsage::in_use);
    return block;
}

Block BufferPool::pop_warm(std::size_t most) {
    const std::lock_guard lock(mutex_);
    if (usage_.pooled <= std::min(limit_, most) && warm_.size() <= max_blocks) return {};
    return pop(warm_, warm_.begin(), &BufferUsage::pooled);
}

Block BufferPool::pop_offered(std::size_t more) {
    const std::lock_guard lock(mutex_);
    const std::size_t in_use = usage_.in_use + std::min(more, SIZE_MAX - usage_.in_use);
    const std::size_t most = std::max(max_in_use_, in_use);
    const bool needed = usage_.pooled + usage_.offered <= most - in_use;
    if (offered_.empty() || (needed && offered_.size() <= max_blocks)) return {};
    return pop(offered_, offered_.begin(), &BufferUsage::offered);
}

bool BufferPool::put(Blocks& blocks, std::size_t BufferUsage::* use, const Block& block) {
    const std::lock_guard lock(mutex_);
    if (blocks.size() == blocks.capacity()) return false;
    blocks.push_back(block);
    count(block, use);
    return true;
}

Block BufferPool::pop(Blocks& blocks, Blocks::iterator block, std::size_t BufferUsage::* use) {
    const Block popped = *block;
    blocks.erase(block);
    uncount(popped, use);
    return popped;
}

void BufferPool::count(const Block& block, std::size_t BufferUsage::* use) {
    usage_.*use += block.bytes;
    if (block.offered_once && use != &BufferUsage::offered) usage_.reclaimed += block.bytes;
    max_in_use_ = std::max(max_in_use_, usage_.in_use);
}

void BufferPool::uncount(const Block& block, std::size_t BufferUsage::* use) {
    usage_.*use -= block.bytes;
    if (block.offered_once && use != &BufferUsage::offered) usage_.reclaimed -= block.bytes;
}

// Never destroyed: worker threads may give buffers back while the process ends.
BufferPool& buffer_pool() {
    static BufferPool& instance = *new BufferPool;
    return instance;
}

namespace {

// Also makes the pool, if need be, while no other thread is making it.
const bool pool_is_held_across_fork =
    pthread_atfork([] { buffer_pool().mutex().lock(); }, [] { buffer_pool().mutex().unlock(); },
                   [] {
                       buffer_pool().forget_offered();
                       buffer_pool().mutex().unlock();
                   }) == 0;

}  // namespace

}  // namespace ketjet
