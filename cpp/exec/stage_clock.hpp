// How long each stage of a plan has taken.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <vector>

#include "exec/stage_observer.hpp"

namespace ketjet {

// Shots that run side by side add to the same sums, which then are seconds of threads.
class StageClock : public StageObserver {
 public:
    using Time = std::chrono::steady_clock::time_point;
    static Time now() { return std::chrono::steady_clock::now(); }
    static double seconds_since(Time start) { return std::chrono::duration<double>(now() - start).count(); }

    explicit StageClock(std::size_t stages)
        : stages_(stages), seconds_(std::make_unique<std::atomic<double>[]>(stages)) {}

    void end(std::size_t stage, std::size_t /*blocks*/, double seconds) override {
        seconds_[stage].fetch_add(seconds, std::memory_order_relaxed);
    }

    std::vector<double> seconds() const { return {seconds_.get(), seconds_.get() + stages_}; }

 private:
    std::size_t stages_;
    std::unique_ptr<std::atomic<double>[]> seconds_;
};

}  // namespace ketjet
