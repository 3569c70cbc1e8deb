// How long each pass of a plan has taken, and the copying of blocks: seconds of threads, without planning, emitting and
// waits.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <functional>
#include <mutex>
#include <span>
#include <utility>
#include <variant>
#include <vector>

#include "plan/plan.hpp"

namespace ketjet {

// Of one sweep.
struct PassTimes {
    double gather = 0;
    double scatter = 0;
    std::vector<double> passes;  // phases that join the turns before them count to these
};

class PassClock {
 public:
    explicit PassClock(std::span<const Stage> stages) : times_(stages.size()) {
        for (std::size_t i = 0; i < stages.size(); ++i) {
            if (const auto* const sweep = std::get_if<Sweep>(&stages[i])) times_[i].passes.resize(sweep->passes.size());
        }
    }

    // Adds what one thread has spent on a stage; from any thread.
    void add(std::size_t stage, const PassTimes& times) {
        const std::lock_guard lock(mutex_);
        PassTimes& sum = times_[stage];
        sum.gather += times.gather;
        sum.scatter += times.scatter;
        std::ranges::transform(sum.passes, times.passes, sum.passes.begin(), std::plus());
    }

    // By stage; what is no sweep has no passes.
    std::vector<PassTimes> take() { return std::move(times_); }

 private:
    std::vector<PassTimes> times_;
    std::mutex mutex_;
};

// Adds laps to such sums, one after another. It does not run where nobody wants to know.
class LapClock {
 public:
    explicit LapClock(bool runs) {
        if (runs) start_ = std::chrono::steady_clock::now();
    }
    void lap(double& sum) {
        const auto now = std::chrono::steady_clock::now();
        sum += std::chrono::duration<double>(now - start_).count();
        start_ = now;
    }

 private:
    std::chrono::steady_clock::time_point start_{};
};

}  // namespace ketjet
