// Buffers from 32 KiB upwards are mapped straight from the system and kept warm in one process-wide pool of equal
// sizes; smaller ones are the C library's business. The system is never called while the pool is locked.
#include "base/aligned_buffer.hpp"

#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <mutex>
#include <new>
#include <utility>
#include <vector>

#include "base/fork.hpp"
#include "base/machine.hpp"
#include "base/memory_budget.hpp"

namespace ketjet {

namespace {

constexpr std::size_t cache_line = 64;
constexpr std::size_t smallest_mapping = std::size_t{32} << 10;
constexpr std::size_t huge_page = std::size_t{2} << 20;
constexpr std::size_t default_limit = std::size_t{1} << 30;
constexpr std::size_t most_blocks = 64;

struct Block {
    void* data = nullptr;
    std::size_t bytes = 0;
};

const auto small_page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));

// What a request really occupies: whole pages when mapped, else whole cache lines.
std::size_t occupied_bytes(std::size_t bytes) {
    const std::size_t unit = bytes >= smallest_mapping ? small_page : cache_line;
    if (bytes > SIZE_MAX - unit) throw std::bad_alloc();
    return (bytes + unit - 1) / unit * unit;
}

// What is charged for it: of small ones also what the C library and the owner take.
std::size_t charged_bytes(std::size_t occupied) { return occupied < smallest_mapping ? occupied + 128 : occupied; }

void* map_pages(std::size_t bytes) {
    void* const data = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return data == MAP_FAILED ? nullptr : data;
}

// Maps one huge page more than needed and gives back what lies around the aligned part.
void* map_huge_pages(std::size_t bytes) {
    if (bytes > SIZE_MAX - huge_page) return nullptr;
    auto* const mapped = static_cast<char*>(map_pages(bytes + huge_page));
    if (mapped == nullptr) return nullptr;
    const std::size_t misaligned = reinterpret_cast<std::uintptr_t>(mapped) % huge_page;
    const std::size_t before = misaligned == 0 ? 0 : huge_page - misaligned;
    const std::size_t after = huge_page - before;
    char* const data = mapped + before;
    if (before > 0) munmap(mapped, before);
    if (after > 0) munmap(data + bytes, after);
#ifdef MADV_HUGEPAGE
    madvise(data, bytes, MADV_HUGEPAGE);  // advice only: without it the pages are small, not missing
#endif
    return data;
}

void* allocate(std::size_t occupied) {
    if (occupied < smallest_mapping) return std::aligned_alloc(cache_line, occupied);
    return occupied < huge_page ? map_pages(occupied) : map_huge_pages(occupied);
}

void release(Block block) {
    if (block.bytes < smallest_mapping) {
        std::free(block.data);
    } else {
        munmap(block.data, block.bytes);
    }
}

// Free mappings, oldest first, and the process's totals.
class Pool {
 public:
    Pool() : limit_(std::min(default_limit, static_cast<std::size_t>(available_memory().bytes / 16))) {
        blocks_.reserve(2 * most_blocks);  // give_back must not allocate
    }

    // A warm block of exactly this size, or an empty one.
    Block take(std::size_t bytes) {
        const std::lock_guard lock(mutex_);
        const auto newest = std::find_if(blocks_.rbegin(), blocks_.rend(), [&](Block b) { return b.bytes == bytes; });
        if (newest == blocks_.rend()) return {};
        const Block block = *newest;
        blocks_.erase(std::next(newest).base());
        usage_.pooled -= bytes;
        usage_.in_use += bytes;
        return block;
    }

    void count_new(std::size_t bytes) {
        const std::lock_guard lock(mutex_);
        usage_.in_use += bytes;
    }

    // The end of a block's use; false when the caller has to release it.
    bool give_back(Block block, bool keep) {
        const std::lock_guard lock(mutex_);
        usage_.in_use -= block.bytes;
        if (!keep || block.bytes < smallest_mapping || block.bytes > limit_) return false;
        if (blocks_.size() == blocks_.capacity()) return false;
        blocks_.push_back(block);
        usage_.pooled += block.bytes;
        return true;
    }

    // Releases the oldest blocks until at most `most` bytes, and no more than the limits allow, are kept.
    void trim(std::size_t most = SIZE_MAX) {
        for (Block block = pop_beyond(most); block.data != nullptr; block = pop_beyond(most)) release(block);
    }

    void set_limit(std::size_t bytes) {
        const std::lock_guard lock(mutex_);
        limit_ = bytes;
    }

    std::size_t limit() {
        const std::lock_guard lock(mutex_);
        return limit_;
    }

    BufferUsage usage() {
        const std::lock_guard lock(mutex_);
        return usage_;
    }

    std::mutex& mutex() { return mutex_; }

 private:
    Block pop_beyond(std::size_t most) {
        const std::lock_guard lock(mutex_);
        if (usage_.pooled <= std::min(limit_, most) && blocks_.size() <= most_blocks) return {};
        const Block oldest = blocks_.front();
        blocks_.erase(blocks_.begin());
        usage_.pooled -= oldest.bytes;
        return oldest;
    }

    std::mutex mutex_;
    std::vector<Block> blocks_;
    std::size_t limit_;
    BufferUsage usage_{0, 0};
};

// Never destroyed: worker threads may give buffers back while the process ends.
Pool& pool() {
    static Pool& instance = *new Pool;
    return instance;
}

// Also makes the pool, if need be, while no other thread is making it.
std::mutex& pool_mutex() { return pool().mutex(); }
const bool pool_is_held_across_fork = hold_across_fork<pool_mutex>();

std::atomic<std::int64_t> allocations_until_failure{0};

bool failure_is_due() {
    if (allocations_until_failure.load(std::memory_order_relaxed) <= 0) return false;
    return allocations_until_failure.fetch_sub(1, std::memory_order_relaxed) == 1;
}

}  // namespace

AlignedBuffer::AlignedBuffer(std::size_t bytes) {
    if (bytes == 0) return;
    if (failure_is_due()) throw std::bad_alloc();
    const std::size_t occupied = occupied_bytes(bytes);
    MemoryBudget* const budget = MemoryBudget::current();
    if (budget != nullptr) budget->charge(MemoryPurpose::states, charged_bytes(occupied));
    Block block = pool().take(occupied);
    fresh_ = block.data == nullptr;
    if (fresh_) {
        // A block too large for the pool needs the room more than the pool does.
        if (occupied > pool().limit()) pool().trim(0);
        block = {allocate(occupied), occupied};
        if (block.data == nullptr) {
            pool().trim(0);
            block.data = allocate(occupied);
        }
        if (block.data == nullptr) {
            if (budget != nullptr) budget->credit(MemoryPurpose::states, charged_bytes(occupied));
            throw std::bad_alloc();
        }
        pool().count_new(occupied);
    }
    data_ = block.data;
    bytes_ = bytes;
}

AlignedBuffer::AlignedBuffer(AlignedBuffer&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), bytes_(std::exchange(other.bytes_, 0)), fresh_(other.fresh_) {}

AlignedBuffer& AlignedBuffer::operator=(AlignedBuffer&& other) noexcept {
    if (this != &other) {
        reset();
        data_ = std::exchange(other.data_, nullptr);
        bytes_ = std::exchange(other.bytes_, 0);
        fresh_ = other.fresh_;
    }
    return *this;
}

AlignedBuffer::~AlignedBuffer() { reset(); }

void AlignedBuffer::reset(bool release_now) noexcept {
    if (data_ == nullptr) return;
    const Block block{std::exchange(data_, nullptr), occupied_bytes(std::exchange(bytes_, 0))};
    bool keep = !release_now;
    if (MemoryBudget* const budget = MemoryBudget::current()) {
        budget->credit(MemoryPurpose::states, charged_bytes(block.bytes));
        keep = keep && budget->may_keep_warm(block.bytes);
    }
    if (pool().give_back(block, keep)) {
        pool().trim();
    } else {
        release(block);
    }
}

BufferUsage buffer_usage() { return pool().usage(); }

void empty_pool() { pool().trim(0); }

void release_free_memory() {
    empty_pool();
#ifdef __GLIBC__
    malloc_trim(0);
#endif
}

void set_pool_limit(std::size_t bytes) {
    pool().set_limit(bytes);
    pool().trim();
}

void fail_allocation_after(std::int64_t count) { allocations_until_failure.store(count, std::memory_order_relaxed); }

}  // namespace ketjet
