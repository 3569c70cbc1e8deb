// What a run is expected to take, in predicted nanoseconds, which its progress is counted in. Where nobody can know how
// many trajectories there will be (TreeProgress), what is expected follows what has been found so far.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <span>
#include <vector>

#include "base/stop_token.hpp"
#include "exec/stage_clock.hpp"
#include "plan/cost.hpp"

namespace ketjet {

// Capped, so that sums fit.
std::int64_t nanoseconds(double seconds);

// Of each stage, once.
std::vector<std::int64_t> stage_work(const Plan& plan, int threads);

// The first touch of fresh memory takes as long as the system likes, up to many times what is done to it later. So the
// sweeps that get there first count as long as they really take, and those to come as long for each page.
class FirstTouch {
 public:
    FirstTouch(const Plan& plan, std::span<const std::int64_t> work, RunCounters& counters);

    bool is_in(std::size_t stage) const { return pages_[stage] > 0; }
    void begin(std::size_t stage);
    // So much of the stage that has begun is done, above 0.
    void go_on(double part);

 private:
    double pages_from(std::size_t stage) const;

    std::vector<double> pages_;  // by stage, that it touches first
    std::vector<double> work_;   // by stage, of all else
    RunCounters& counters_;
    double ns_per_page_ = 0;  // as found last
    std::size_t stage_ = 0;
    StageClock::Time start_{};
    double before_ = 0, after_ = 0;  // work before that stage and, but for pages, after it
};

// Counts a loop over many items, of which all together are expected to take so long; at its end what is left of that.
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

// How many trajectories wait at a stage.
struct Waiting {
    std::uint32_t stage;
    std::size_t trajectories;
};

class TreeProgress {
 public:
    // `all` is the number of shots, 1 if probabilities are divided; so many states are held at a time.
    TreeProgress(const Plan& plan, std::span<const std::int64_t> work, int threads, double all, bool exact,
                 std::int64_t max_states, RunCounters& counters);

    bool counts() const { return !work_.empty(); }
    // Whether enough time has passed to look ahead once more.
    bool is_due() const { return counts() && std::chrono::steady_clock::now() >= next_look_; }
    // By stage, the earliest first. Nobody runs meanwhile.
    void look_ahead(std::span<const Waiting> waiting);
    // A state has been copied for one that parts, in so many nanoseconds of all threads; from any thread.
    void copied(double nanoseconds);
    // A trajectory with so much of the shots has ended; from any thread.
    void ended(double weight);

 private:
    void store_total(double left);

    const Plan& plan_;
    std::span<const std::int64_t> work_;  // of each stage; none if nobody asks
    double end_work_;                     // of a trajectory at its end
    double sorting_work_ = 0;             // of its outcomes, later
    std::atomic<double> unsorted_{0};
    double most_;  // trajectories at a time
    double max_states_;
    std::atomic<double> copying_{0};  // nanoseconds in all
    std::atomic<double> copies_{0};
    RunCounters& counters_;
    std::chrono::steady_clock::time_point next_look_{};
    double ahead_ = 0;  // when last looked at
    double left_then_;  // of all shots, by weight
    std::atomic<double> left_;
};

}  // namespace ketjet
