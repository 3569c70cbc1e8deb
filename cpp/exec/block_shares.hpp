// The blocks of a sweep, shared out among the members of a team: each goes through a range of its own, in ascending
// order, and then takes blocks from the end of another's. So nobody waits long for a member that is slow or came late.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace ketjet {

class BlockShares {
 public:
    explicit BlockShares(std::size_t max_members) : ranges_(max_members) {}

    // For so many members; by one of them, while the others wait. `blocks` is less than 2^32.
    void fill(std::size_t blocks, std::size_t members) {
        members_ = members;
        for (std::size_t i = 0; i < members; ++i) {
            ranges_[i].ends.store(pack(blocks * i / members, blocks * (i + 1) / members), std::memory_order_relaxed);
        }
    }

    // The next block for a member, or nothing once all are taken.
    std::optional<std::size_t> take(std::size_t member) {
        if (const auto block = take_first(ranges_[member])) return block;
        for (std::size_t i = 1; i < members_; ++i) {
            if (const auto block = take_last(ranges_[(member + i) % members_])) return block;
        }
        return std::nullopt;
    }

 private:
    struct Range {
        std::atomic<std::uint64_t> ends{0};  // of what is left: first block, and in the lower half one past the last
        std::byte far_from_the_next[56];
    };

    static constexpr std::uint64_t pack(std::uint64_t first, std::uint64_t end) { return first << 32 | end; }
    static constexpr std::uint64_t first_of(std::uint64_t ends) { return ends >> 32; }
    static constexpr std::uint64_t end_of(std::uint64_t ends) { return static_cast<std::uint32_t>(ends); }

    static std::optional<std::size_t> take_first(Range& range) {
        std::uint64_t ends = range.ends.load(std::memory_order_relaxed);
        while (first_of(ends) < end_of(ends)) {
            const std::uint64_t rest = pack(first_of(ends) + 1, end_of(ends));
            if (range.ends.compare_exchange_weak(ends, rest, std::memory_order_relaxed)) return first_of(ends);
        }
        return std::nullopt;
    }
    static std::optional<std::size_t> take_last(Range& range) {
        std::uint64_t ends = range.ends.load(std::memory_order_relaxed);
        while (first_of(ends) < end_of(ends)) {
            const std::uint64_t rest = pack(first_of(ends), end_of(ends) - 1);
            if (range.ends.compare_exchange_weak(ends, rest, std::memory_order_relaxed)) return end_of(rest);
        }
        return std::nullopt;
    }

    std::vector<Range> ranges_;
    std::size_t members_ = 0;
};

}  // namespace ketjet
