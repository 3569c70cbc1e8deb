// How far a tree of trajectories is. Nobody can know how many there will be: what is expected of the rest of the run
// follows what has been found so far.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/stop_token.hpp"
#include "plan/plan.hpp"
#include "readout/run_request.hpp"

namespace ketjet {

// How many trajectories wait at a stage.
struct Waiting {
    std::uint32_t stage;
    std::size_t trajectories;
};

class TreeProgress {
 public:
    // At most `max_states` are held at a time.
    TreeProgress(const Plan& plan, const RunRequest& request, std::span<const std::int64_t> work, int threads,
                 std::int64_t max_states, RunCounters& counters);

    bool counts() const { return !work_.empty(); }
    // Whether enough time has passed to look ahead once more.
    bool is_due() const { return counts() && std::chrono::steady_clock::now() >= next_look_; }
    // Reckons what is to come; `waiting` has the earliest stage first. No trajectory goes on meanwhile.
    void look_ahead(std::span<const Waiting> waiting);
    // A state has been copied for a branch, in so many nanoseconds of all threads; from any thread.
    void copied(double nanoseconds);
    // A trajectory with so much of the shots has ended; from any thread.
    void ended(double weight);

 private:
    void store_total(double left);

    const Plan& plan_;
    std::span<const std::int64_t> work_;  // of each stage; none if nobody asks
    double end_work_ = 0;                 // of a trajectory at its end
    double sorting_work_ = 0;             // of its outcomes, later
    std::atomic<double> unsorted_{0};
    double max_trajectories_;  // at a time
    double max_states_;
    std::atomic<double> copying_{0};  // nanoseconds in all
    std::atomic<double> copies_{0};
    RunCounters& counters_;
    std::chrono::steady_clock::time_point next_look_{};
    double ahead_ = 0;  // work to come, when it was last looked at
    double left_then_;  // of all shots, by weight
    std::atomic<double> left_;
};

}  // namespace ketjet
