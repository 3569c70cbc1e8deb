// The line between a running simulation and whoever watches it: one stop flag and a few progress counters.
// The counters are lock-free atomics in a plain struct, so the same bytes can live in memory mapped by another
// process; Python reads them while the kernels run, without the GIL and without a call into the engine.
#pragma once

#include <atomic>
#include <cstdint>
#include <exception>

namespace ketjet {

struct RunCounters {
    std::atomic<std::uint32_t> stop{0};
    std::atomic<double> started_at{0};  // seconds since 1970, 0 before
    std::atomic<std::int64_t> stages_done{0};
    std::atomic<std::int64_t> stages_total{0};
    std::atomic<std::int64_t> shots_done{0};
    std::atomic<std::int64_t> shots_total{0};
    std::atomic<std::int64_t> bytes_moved{0};
};
static_assert(std::atomic<std::uint32_t>::is_always_lock_free);
static_assert(std::atomic<std::int64_t>::is_always_lock_free);
static_assert(std::atomic<double>::is_always_lock_free);

struct Cancelled : std::exception {
    const char* what() const noexcept override { return "the run was cancelled"; }
};

// A borrowed view of RunCounters. Polled at least once per block of amplitudes.
class StopToken {
 public:
    explicit StopToken(RunCounters& counters) : counters_(&counters) {}

    bool stop_requested() const { return counters_->stop.load(std::memory_order_relaxed) != 0; }
    void throw_if_stopped() const {
        if (stop_requested()) throw Cancelled{};
    }
    RunCounters& counters() const { return *counters_; }

 private:
    RunCounters* counters_;
};

}  // namespace ketjet
