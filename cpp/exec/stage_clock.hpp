// How long each stage of a plan has taken: one sum per stage, added to by whoever runs it.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <span>
#include <vector>

#include "plan/plan.hpp"

namespace ketjet {

// Shots that run side by side add to the same sums, which then are seconds of threads.
class StageClock {
 public:
    using Time = std::chrono::steady_clock::time_point;
    static Time now() { return std::chrono::steady_clock::now(); }

    explicit StageClock(std::span<const Stage> stages)
        : stages_(stages), seconds_(std::make_unique<std::atomic<double>[]>(stages.size())) {}

    // Adds the time from `start` until now to a stage of the span, and returns now.
    Time add(const Stage& stage, Time start) {
        const Time end = now();
        const auto index = static_cast<std::size_t>(&stage - stages_.data());
        seconds_[index].fetch_add(std::chrono::duration<double>(end - start).count(), std::memory_order_relaxed);
        return end;
    }

    std::vector<double> seconds() const { return {seconds_.get(), seconds_.get() + stages_.size()}; }

 private:
    std::span<const Stage> stages_;
    std::unique_ptr<std::atomic<double>[]> seconds_;
};

}  // namespace ketjet
