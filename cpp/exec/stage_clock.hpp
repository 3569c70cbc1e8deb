// How long each stage of a plan has taken: one sum per stage, added to by whoever runs it; and how long it was
// predicted to take, which is what progress is counted in.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace ketjet {

// Shots that run side by side add to the same sums, which then are seconds of threads.
class StageClock {
 public:
    using Time = std::chrono::steady_clock::time_point;
    static Time now() { return std::chrono::steady_clock::now(); }

    // `work` has the predicted nanoseconds of each stage, or nothing where progress is not counted in them.
    explicit StageClock(std::size_t stages, std::vector<std::int64_t> work = {})
        : stages_(stages), seconds_(std::make_unique<std::atomic<double>[]>(stages)), work_(std::move(work)) {}

    // Adds the time from `start` until now to a stage, and returns now.
    Time add(std::size_t stage, Time start) {
        const Time end = now();
        seconds_[stage].fetch_add(std::chrono::duration<double>(end - start).count(), std::memory_order_relaxed);
        return end;
    }

    std::span<const std::int64_t> work() const { return work_; }
    std::int64_t work_of(std::size_t stage) const { return work_.empty() ? 0 : work_[stage]; }

    std::vector<double> seconds() const { return {seconds_.get(), seconds_.get() + stages_}; }

 private:
    std::size_t stages_;
    std::unique_ptr<std::atomic<double>[]> seconds_;
    std::vector<std::int64_t> work_;
};

}  // namespace ketjet
