// How far a run is: its stages in the counters that Python reads, each with what it was predicted to take.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "exec/first_touch.hpp"
#include "exec/stage_observer.hpp"
#include "plan/cost.hpp"
#include "state/state_vector.hpp"

namespace ketjet {

class StageProgress : public StageObserver {
 public:
    // The run begins. `work` has the predicted nanoseconds of each stage, or nothing where progress is not counted in
    // them.
    StageProgress(std::vector<std::int64_t> work, RunCounters& counters) : work_(std::move(work)), counters_(counters) {
        const std::chrono::duration<double> now = std::chrono::system_clock::now().time_since_epoch();
        counters_.started_at.store(now.count(), std::memory_order_relaxed);
    }

    // If the first touch of the state's memory may take long, what it takes is found out on the way.
    template <class T>
    void watch_first_touch(const Plan& plan, const StateVector<T>& state) {
        const std::int64_t bytes = state_bytes(plan.local_qubits(), plan.request.precision);
        if (state.is_fresh() && bytes >= min_first_touch_bytes) first_touch_.emplace(plan, work_, counters_);
    }

    void begin(std::size_t stage) override {
        if (touches(stage)) first_touch_->begin(stage);
    }
    void advance(std::size_t stage, std::size_t done, std::size_t blocks, bool leads) override {
        if (touches(stage)) {
            if (leads) first_touch_->go_on(static_cast<double>(done) / static_cast<double>(blocks));
            return;
        }
        const auto part = work_of(stage) / static_cast<std::int64_t>(blocks);
        // The last one is counted at the end.
        if (part > 0 && done < blocks) counters_.work_done.fetch_add(part, std::memory_order_relaxed);
    }
    void end(std::size_t stage, std::size_t blocks, double /*seconds*/) override {
        counters_.stages_done.fetch_add(1, std::memory_order_relaxed);
        if (touches(stage)) return first_touch_->go_on(1);
        const auto others = static_cast<std::int64_t>(blocks - 1);
        const std::int64_t work = work_of(stage);
        counters_.work_done.fetch_add(work - work / (others + 1) * others, std::memory_order_relaxed);
    }

 private:
    static constexpr std::int64_t min_first_touch_bytes = std::int64_t{1} << 26;  // below, it does not take long

    bool touches(std::size_t stage) const { return first_touch_ && first_touch_->is_in(stage); }
    std::int64_t work_of(std::size_t stage) const { return work_.empty() ? 0 : work_[stage]; }

    std::vector<std::int64_t> work_;
    RunCounters& counters_;
    std::optional<FirstTouch> first_touch_{};
};

}  // namespace ketjet
