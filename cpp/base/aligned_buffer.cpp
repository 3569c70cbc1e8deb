#include "base/aligned_buffer.hpp"

#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <unistd.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <new>
#include <utility>

#include "base/memory_budget.hpp"

namespace ketjet {

namespace {

constexpr std::size_t cache_line = 64;
constexpr std::size_t min_mapping = BufferPool::min_mapping;

const auto small_page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));

// What a request really occupies: whole pages when mapped, else whole cache lines.
std::size_t occupied_bytes(std::size_t bytes) {
    const std::size_t unit = bytes >= min_mapping ? small_page : cache_line;
    if (bytes > SIZE_MAX - unit) throw std::bad_alloc();
    return (bytes + unit - 1) / unit * unit;
}

// What is charged for it: of small ones also what the C library and the owner take.
std::size_t charged_bytes(std::size_t occupied) { return occupied < min_mapping ? occupied + 128 : occupied; }

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
    try {
        block_ = buffer_pool().take(occupied);
    } catch (...) {
        if (budget != nullptr) budget->credit(MemoryPurpose::states, charged_bytes(occupied));
        throw;
    }
    bytes_ = bytes;
}

AlignedBuffer::AlignedBuffer(AlignedBuffer&& other) noexcept
    : block_(std::exchange(other.block_, {})), bytes_(std::exchange(other.bytes_, 0)) {}

AlignedBuffer& AlignedBuffer::operator=(AlignedBuffer&& other) noexcept {
    if (this != &other) {
        reset();
        block_ = std::exchange(other.block_, {});
        bytes_ = std::exchange(other.bytes_, 0);
    }
    return *this;
}

AlignedBuffer::~AlignedBuffer() { reset(); }

void AlignedBuffer::reset(bool release_now) noexcept {
    if (block_.data == nullptr) return;
    bool keep = !release_now;
    if (MemoryBudget* const budget = MemoryBudget::current()) {
        budget->credit(MemoryPurpose::states, charged_bytes(block_.bytes));
        keep = keep && budget->may_keep_warm(block_.bytes);
    }
    buffer_pool().give_back(std::exchange(block_, {}), keep);
    bytes_ = 0;
}

BufferUsage buffer_usage() { return buffer_pool().usage(); }

void empty_pool() { buffer_pool().empty(); }

void release_free_memory() {
    empty_pool();
#ifdef __GLIBC__
    malloc_trim(0);
#endif
}

void set_pool_limit(std::size_t bytes) { buffer_pool().set_limit(bytes); }

void fail_allocation_after(std::int64_t count) { allocations_until_failure.store(count, std::memory_order_relaxed); }

}  // namespace ketjet
