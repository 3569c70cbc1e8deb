// Tests of what the pool of buffers keeps: warm up to its limit, and beyond it offered to the system.
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <limits>
#include <set>
#include <thread>
#include <vector>

#include "base/aligned_buffer.hpp"
#include "base/machine.hpp"
#include "base/memory_budget.hpp"
#include "check.hpp"

using namespace ketjet;

namespace {

constexpr std::size_t mib = std::size_t{1} << 20;

bool is_mapped(void* data) {
    unsigned char in_memory = 0;
    return mincore(data, 1, &in_memory) == 0 || errno != ENOMEM;
}

void* address_of_used(std::size_t bytes) {
    AlignedBuffer buffer(bytes);
    std::memset(buffer.data(), 1, bytes);
    return buffer.data();
}

// Whether this system takes offers; where it does not, nothing is kept beyond the limit.
bool offers_work() {
    void* const pages = mmap(nullptr, mib, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    std::memset(pages, 1, mib);
    const bool work = !mapping_takes_memory() && madvise(pages, mib, MADV_FREE) == 0 && lazily_freed_bytes() > 0;
    munmap(pages, mib);
    set_pool_limit(8 * mib);
    void* const data = address_of_used(64 * mib);
    const BufferUsage usage = buffer_usage();
    CHECK(is_mapped(data) == work && usage.offered == (work ? 64 * mib : 0));
    CHECK(usage.in_use == 0 && usage.reclaimed == 0);
    return work;
}

void test_a_large_buffer_comes_back() {
    void* const data = address_of_used(64 * mib);
    for (const bool taken : {false, true}) {
        if (taken) madvise(data, 64 * mib, MADV_DONTNEED);  // as if the system had needed it
        AlignedBuffer again(64 * mib);
        CHECK(again.data() == data && again.is_fresh());
        CHECK(buffer_usage().reclaimed == 64 * mib && buffer_usage().offered == 0);
        std::memset(again.data(), 2, 64 * mib);
    }
    CHECK(buffer_usage().reclaimed == 0 && buffer_usage().offered == 64 * mib);
    {
        AlignedBuffer released(64 * mib);
        released.reset(true);
    }
    CHECK(buffer_usage().offered == 0 && !is_mapped(data));
}

void test_many_kept_results_come_back() {
    std::set<void*> places;
    for (int round = 0; round < 3; ++round) {
        std::vector<AlignedBuffer> kept;
        for (int i = 0; i < 6; ++i) places.insert(kept.emplace_back(4 * mib).data());
        kept.clear();
        const BufferUsage usage = buffer_usage();
        CHECK(usage.pooled == 8 * mib && usage.offered == 16 * mib && usage.reclaimed <= usage.pooled);
    }
    CHECK(places.size() == 6);
    CHECK(buffer_usage().reclaimed > 0);  // some that were offered once are warm now
    empty_pool();
    CHECK(buffer_usage().pooled == 0 && buffer_usage().offered == 0 && buffer_usage().reclaimed == 0);
    for (void* const data : places) CHECK(!is_mapped(data));
}

void test_no_more_is_kept_than_was_in_use() {
    constexpr std::size_t most = 128 * mib;  // more than any other test uses
    const AlignedBuffer small(mib);
    void* const first = address_of_used(most);
    CHECK(buffer_usage().offered == most);
    {
        const AlignedBuffer other(96 * mib);
        CHECK(!is_mapped(first) && buffer_usage().offered == 0);
    }
    const AlignedBuffer beside(24 * mib);
    CHECK(buffer_usage().offered == 96 * mib);  // both fit into what was in use once
    const AlignedBuffer too_much(32 * mib);
    CHECK(buffer_usage().offered == 0);
}

void test_empties_without_a_limit() {
    empty_pool();
    void* const data = address_of_used(64 * mib);
    CHECK(buffer_usage().offered == 64 * mib);
    set_pool_limit(0);
    CHECK(buffer_usage().offered == 0 && !is_mapped(data));
    CHECK(!is_mapped(address_of_used(64 * mib)));
    set_pool_limit(8 * mib);
}

template <class Body>
bool child_agrees(const Body& body) {
    const pid_t child = fork();
    if (child == 0) {
        alarm(20);
        _exit(body() ? 0 : 1);
    }
    int status = -1;
    waitpid(child, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

void test_fork() {
    void* const data = address_of_used(64 * mib);
    CHECK(child_agrees([&] {
        const bool nothing = buffer_usage().offered == 0 && !is_mapped(data);
        return nothing && is_mapped(address_of_used(64 * mib)) && buffer_usage().offered == 64 * mib;
    }));
    const AlignedBuffer in_use(64 * mib);
    CHECK(in_use.data() == data);
    std::memset(data, 7, 64 * mib);
    CHECK(child_agrees([&] { return std::count(static_cast<char*>(data), static_cast<char*>(data) + mib, 7) == mib; }));
}

// Threads take and give back more than the pool keeps warm, while the process forks again and again.
void test_threads_and_forks() {
    empty_pool();
    std::atomic<bool> stop{false};
    std::vector<std::thread> threads;
    for (int mark = 1; mark <= 3; ++mark) {
        threads.emplace_back([&stop, mark] {
            while (!stop) {
                std::vector<AlignedBuffer> buffers;
                for (const std::size_t bytes : {4 * mib, 4 * mib, 6 * mib}) {
                    std::memset(buffers.emplace_back(bytes).data(), mark, bytes);
                }
                for (const AlignedBuffer& buffer : buffers) {
                    const char* const data = static_cast<char*>(buffer.data());
                    CHECK(std::all_of(data, data + buffer.bytes(), [mark](char found) { return found == mark; }));
                }
            }
        });
    }
    for (int i = 0; i < 20; ++i) {
        CHECK(child_agrees([] {
            const bool nothing = buffer_usage().offered == 0;
            return nothing && is_mapped(address_of_used(4 * mib));
        }));
    }
    stop = true;
    for (std::thread& thread : threads) thread.join();
    const BufferUsage usage = buffer_usage();
    CHECK(usage.in_use == 0 && usage.pooled <= 8 * mib && usage.reclaimed <= usage.pooled);
}

// The system goes on counting what it was offered as free when it is in use again.
void test_what_is_in_use_again_is_not_available() {
    constexpr std::int64_t max_noise = 16 << 20;
    empty_pool();
    address_of_used(64 * mib);
    const auto counted = [] { return available_memory({}).bytes - available_memory(buffer_usage()).bytes; };
    CHECK(std::abs(counted()) < max_noise);
    {
        const AlignedBuffer again(64 * mib);
        std::memset(again.data(), 1, 64 * mib);
        CHECK(std::abs(counted() - 64 * std::int64_t{1 << 20}) < max_noise);
    }
    CHECK(std::abs(counted()) < max_noise);
}

void test_what_a_limit_refuses() {
    address_of_used(64 * mib);
    std::atomic<std::int64_t> held{0};
    MemoryBudget budget(0, 0, 0, held);
    const std::int64_t ceiling = budget.ceiling();
    if (ceiling > std::numeric_limits<std::int64_t>::max() / 8) return;
    CHECK(buffer_usage().offered == 64 * mib);
    CHECK_THROWS(budget.charge(MemoryPurpose::saves, static_cast<std::size_t>(2 * ceiling)), MemoryLimitReached);
    CHECK(buffer_usage().offered == 0);
}

std::size_t mapped_bytes() {
    std::size_t pages = 0;
    std::ifstream("/proc/self/statm") >> pages;
    return pages * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

void test_limited_address_space() {
    if (sanitized) return;  // the shadow memory alone is larger than any sensible limit
    rlimit before{};
    CHECK(getrlimit(RLIMIT_AS, &before) == 0);
    void* const data = address_of_used(64 * mib);
    rlimit limit = before;
    limit.rlim_cur = static_cast<rlim_t>(mapped_bytes() + 16 * mib);
    if (limit.rlim_cur > before.rlim_max || setrlimit(RLIMIT_AS, &limit) != 0) return;
    const AvailableMemory memory = available_memory(buffer_usage());
    void* const other = address_of_used(48 * mib);  // which takes the place of what was kept
    const bool replaced = !is_mapped(data), kept = is_mapped(other);
    CHECK(setrlimit(RLIMIT_AS, &before) == 0);
    CHECK(memory.rule == "RLIMIT_AS" && memory.bytes >= 64 << 20 && memory.bytes < 96 << 20);
    CHECK(replaced && !kept && buffer_usage().offered == 0);
}

}  // namespace

int main() {
    if (offers_work()) {
        test_a_large_buffer_comes_back();
        test_many_kept_results_come_back();
        test_no_more_is_kept_than_was_in_use();
        test_empties_without_a_limit();
        test_fork();
        test_threads_and_forks();
        test_what_is_in_use_again_is_not_available();
        test_what_a_limit_refuses();
        test_limited_address_space();
    }
    return failed_checks == 0 ? 0 : 1;
}
