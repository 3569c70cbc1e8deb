// Counts work that threads share as progress, part by part: all together are expected to take so long. At the end what
// is left of that is counted.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "base/stop_token.hpp"

namespace ketjet {

class SharedWork {
 public:
    SharedWork(const StopToken& stop, std::int64_t work, std::size_t parts)
        : done_(stop.counters().work_done),
          part_(work / static_cast<std::int64_t>(parts)),
          rest_(work % static_cast<std::int64_t>(parts)) {}
    SharedWork(const SharedWork&) = delete;
    SharedWork& operator=(const SharedWork&) = delete;
    ~SharedWork() { done_.fetch_add(rest_, std::memory_order_relaxed); }

    // By any thread, once for each part.
    void part_is_done() const {
        if (part_ > 0) done_.fetch_add(part_, std::memory_order_relaxed);
    }

 private:
    std::atomic<std::int64_t>& done_;
    std::int64_t part_;
    std::int64_t rest_;
};

}  // namespace ketjet
