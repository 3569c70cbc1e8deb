// How long each pass of a plan has taken.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <mutex>
#include <span>
#include <utility>
#include <variant>
#include <vector>

#include "exec/stage_observer.hpp"
#include "plan/plan.hpp"

namespace ketjet {

class PassClock : public StageObserver {
 public:
    explicit PassClock(std::span<const Stage> stages) : times_(stages.size()) {
        for (std::size_t i = 0; i < stages.size(); ++i) {
            if (const auto* const sweep = std::get_if<Sweep>(&stages[i])) times_[i].passes.resize(sweep->passes.size());
        }
    }

    bool times_passes() const override { return true; }
    void add_times(std::size_t stage, const PassTimes& times) override {
        const std::lock_guard lock(mutex_);
        PassTimes& sum = times_[stage];
        sum.gather += times.gather;
        sum.scatter += times.scatter;
        sum.reading += times.reading;
        std::ranges::transform(sum.passes, times.passes, sum.passes.begin(), std::plus());
    }

    // By stage; what is no sweep has no passes.
    std::vector<PassTimes> take() { return std::move(times_); }

 private:
    std::vector<PassTimes> times_;
    std::mutex mutex_;
};

}  // namespace ketjet
