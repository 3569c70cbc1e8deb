#include "base/pages.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "base/machine.hpp"

namespace ketjet {

namespace {

void* map_small_pages(std::size_t bytes) {
    void* const data = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return data == MAP_FAILED ? nullptr : data;
}

// Maps one huge page more than needed and gives back what lies around the aligned part.
void* map_huge_pages(std::size_t bytes) {
    if (bytes > SIZE_MAX - huge_page) return nullptr;
    auto* const mapped = static_cast<char*>(map_small_pages(bytes + huge_page));
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

#ifdef __linux__
// Systems that only look like Linux accept the advice and do nothing; so what is asked is whether it shows. Of a few
// pages it shows late.
bool takes_offers() {
    constexpr std::size_t bytes = huge_page / 2;
    auto* const pages = static_cast<char*>(map_small_pages(bytes));
    if (pages == nullptr) return false;
    std::fill_n(pages, bytes, '\1');
    const bool shows = madvise(pages, bytes, MADV_FREE) == 0 && lazily_freed_bytes() > 0;
    munmap(pages, bytes);
    return shows;
}

enum class Answer : int { unknown, no, yes };

// Asked when it matters first: it takes a millisecond.
bool system_takes_offers() {
    static std::atomic<Answer> known{Answer::unknown};
    if (known == Answer::unknown) known = takes_offers() ? Answer::yes : Answer::no;
    return known == Answer::yes;
}
#endif

}  // namespace

void* map_pages(std::size_t bytes) { return bytes < huge_page ? map_small_pages(bytes) : map_huge_pages(bytes); }

void unmap_pages(void* data, std::size_t bytes) { munmap(data, bytes); }

#ifdef __linux__
bool offer_pages(void* data, std::size_t bytes) {
    return !mapping_takes_memory() && system_takes_offers() && madvise(data, bytes, MADV_DONTFORK) == 0 &&
           madvise(data, bytes, MADV_FREE) == 0;
}

bool reclaim_pages(void* data, std::size_t bytes) { return madvise(data, bytes, MADV_DOFORK) == 0; }
#else
bool offer_pages(void*, std::size_t) { return false; }
bool reclaim_pages(void*, std::size_t) { return false; }
#endif

}  // namespace ketjet
