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

#include "plan/plan.hpp"

namespace ketjet {

// Shots that run side by side add to the same sums, which then are seconds of threads.
class StageClock {
 public:
    using Time = std::chrono::steady_clock::time_point;
    static Time now() { return std::chrono::steady_clock::now(); }

    // `work` has the predicted nanoseconds of each stage, or nothing where progress is not counted in them.
    explicit StageClock(std::span<const Stage> stages, std::vector<std::int64_t> work = {})
        : stages_(stages), seconds_(std::make_unique<std::atomic<double>[]>(stages.size())), work_(std::move(work)) {}

    // Adds the time from `start` until now to a stage of the span, and returns now.
    Time add(const Stage& stage, Time start) {
        const Time end = now();
        seconds_[index_of(stage)].fetch_add(std::chrono::duration<double>(end - start).count(),
                                            std::memory_order_relaxed);
        return end;
    }

    std::span<const std::int64_t> work() const { return work_; }
    std::int64_t work_of(const Stage& stage) const { return work_.empty() ? 0 : work_[index_of(stage)]; }

    std::vector<double> seconds() const { return {seconds_.get(), seconds_.get() + stages_.size()}; }

 private:
    std::size_t index_of(const Stage& stage) const { return static_cast<std::size_t>(&stage - stages_.data()); }

    std::span<const Stage> stages_;
    std::unique_ptr<std::atomic<double>[]> seconds_;
    std::vector<std::int64_t> work_;
};

}  // namespace ketjet
