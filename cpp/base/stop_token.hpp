// The line between a running simulation and whoever watches it: one stop flag and a few progress counters.
// The counters are lock-free atomics in a plain struct, so the same bytes can live in memory mapped by another
// process; Python reads them while the kernels run, without the GIL and without a call into the engine.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <stdexcept>
#include <string>

namespace ketjet {

struct RunCounters {
    std::atomic<std::uint32_t> stop{0};
    std::atomic<double> started_at{0};  // seconds since 1970, 0 before
    std::atomic<std::int64_t> stages_done{0};
    std::atomic<std::int64_t> stages_total{0};
    std::atomic<std::int64_t> shots_done{0};
    std::atomic<std::int64_t> shots_total{0};
    std::atomic<std::int64_t> bytes_moved{0};
    std::atomic<std::int64_t> work_done{0};        // in nanoseconds as predicted
    std::atomic<std::int64_t> work_total{0};       // 0 where nobody knows how often stages will run
    std::atomic<std::int64_t> bytes_held{0};       // of memory
    std::atomic<std::int64_t> bytes_exchanged{0};  // that this rank has sent to others
};
static_assert(std::atomic<std::uint32_t>::is_always_lock_free);
static_assert(std::atomic<std::int64_t>::is_always_lock_free);
static_assert(std::atomic<double>::is_always_lock_free);

struct Cancelled : std::exception {
    const char* what() const noexcept override { return "the run was cancelled"; }
};

// A run has taken longer than it may.
struct TimeLimitReached : std::runtime_error {
    explicit TimeLimitReached(double seconds)
        : std::runtime_error("the run has taken longer than its time_limit of " + std::to_string(seconds) +
                             " s; raise it, or look for an endless loop") {}
};

// A borrowed view of RunCounters, with the time at which the run has to end. Polled at least once per block of
// amplitudes.
class StopToken {
 public:
    using Clock = std::chrono::steady_clock;

    // A limit of 0 seconds is none.
    explicit StopToken(RunCounters& counters, double time_limit = 0) : counters_(&counters), time_limit_(time_limit) {
        if (time_limit > 0) end_ = Clock::now() + std::chrono::duration_cast<Clock::duration>(seconds(time_limit));
    }

    bool stop_requested() const { return counters_->stop.load(std::memory_order_relaxed) != 0; }
    void throw_if_stopped() const {
        if (stop_requested()) throw Cancelled{};
        if (time_limit_ > 0 && Clock::now() > end_) throw TimeLimitReached(time_limit_);
    }
    RunCounters& counters() const { return *counters_; }
    double time_limit() const { return time_limit_; }

 private:
    // As many as a clock can tell, at most.
    static std::chrono::duration<double> seconds(double limit) {
        return std::chrono::duration<double>(std::min(limit, 1e9));
    }

    RunCounters* counters_;
    double time_limit_;
    Clock::time_point end_{};
};

// Loops over many small things ask the stop token now and then.
class Poll {
 public:
    explicit Poll(const StopToken& stop) : stop_(stop) {}
    void operator()() {
        if (++calls_ % (1 << 15) == 0) stop_.throw_if_stopped();
    }

 private:
    const StopToken& stop_;
    std::uint32_t calls_ = 0;
};

}  // namespace ketjet
