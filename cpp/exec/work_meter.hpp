// Counts a loop over many items as progress: all together are expected to take so long. At the end of the loop what is
// left of that is counted.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "base/stop_token.hpp"

namespace ketjet {

class WorkMeter {
 public:
    WorkMeter(const StopToken& stop, std::int64_t work, std::size_t items)
        : counters_(stop.counters()), left_(work), of_step_(work / static_cast<std::int64_t>(items / step + 1)) {}
    WorkMeter(const WorkMeter&) = delete;
    WorkMeter& operator=(const WorkMeter&) = delete;
    ~WorkMeter() { count(left_); }

    void operator()() {
        if (++calls_ % step == 0) count(std::min(left_, of_step_));
    }

 private:
    void count(std::int64_t work) {
        left_ -= work;
        counters_.work_done.fetch_add(work, std::memory_order_relaxed);
    }

    static constexpr std::uint32_t step = 1 << 15;
    RunCounters& counters_;
    std::int64_t left_;
    std::int64_t of_step_;  // so many items
    std::uint32_t calls_ = 0;
};

}  // namespace ketjet
