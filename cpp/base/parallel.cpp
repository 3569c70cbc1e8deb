// Teams with a barrier of our own: the language's would hang when an exception keeps one member away. One word holds
// the barrier's phase and, in its lowest bit, "a member has failed"; whoever waits for the phase to change is therefore
// woken by a failure too, and whoever arrives later never starts to wait.
#include "base/parallel.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <utility>

#include "base/crew.hpp"
#include "base/memory_budget.hpp"

namespace ketjet {

namespace {

constexpr std::uint32_t failed_bit = 1;
constexpr std::uint32_t one_phase = 2;

// How long a member waits for the others: about as long as going to sleep and being woken takes, but mostly by giving
// its core away, which another member may be waiting for.
constexpr Patience at_barrier{std::chrono::microseconds(10), 200};

// Thrown by barrier() to unwind a healthy member; never leaves run_team.
struct Stopped {};

// Whether this thread is a member of a team now; a team inside a team has one member.
thread_local bool in_team = false;

}  // namespace

struct Team::Shared {
    alignas(64) std::atomic<int> arrived{0};
    alignas(64) std::atomic<std::uint32_t> phase{0};
    std::atomic<bool> error_taken{false};
    std::exception_ptr error;  // written by the member that set error_taken, before it sets failed_bit

    void fail(std::exception_ptr thrown) {
        if (error_taken.exchange(true, std::memory_order_relaxed)) return;
        error = std::move(thrown);
        phase.fetch_or(failed_bit, std::memory_order_release);
        phase.notify_all();
    }

    void rethrow_if_failed() {
        if ((phase.load(std::memory_order_acquire) & failed_bit) != 0) std::rethrow_exception(std::move(error));
    }
};

void Team::barrier() {
    if (size_ == 1) return;
    const std::uint32_t old = shared_->phase.load(std::memory_order_acquire);
    if ((old & failed_bit) != 0) throw Stopped{};
    std::uint32_t now = 0;
    if (shared_->arrived.fetch_add(1, std::memory_order_acq_rel) + 1 == size_) {
        shared_->arrived.store(0, std::memory_order_relaxed);
        now = shared_->phase.fetch_add(one_phase, std::memory_order_acq_rel);
        shared_->phase.notify_all();
    } else {
        now = wait_for_change(shared_->phase, old, at_barrier);
    }
    if ((now & failed_bit) != 0) throw Stopped{};
}

Team::Range Team::share(std::int64_t count) const {
    const std::int64_t quotient = count / size_;
    const std::int64_t remainder = count % size_;
    const std::int64_t begin = rank_ * quotient + std::min<std::int64_t>(rank_, remainder);
    return {begin, begin + quotient + (rank_ < remainder ? 1 : 0)};
}

void run_team(int threads, const std::function<void(Team&)>& body) {
    thread_local Crew crew;
    const int members = threads <= 1 || in_team ? 1 : crew.muster(threads);
    if (members == 1) {
        Team alone(0, 1, nullptr);
        body(alone);
        return;
    }
    Team::Shared shared;
    MemoryBudget* const budget = MemoryBudget::current();
    crew.run(members, [&](int rank) {
        const MemoryBudget::Scope working_for(budget);
        Team member(rank, members, &shared);
        in_team = true;
        try {
            body(member);
        } catch (const Stopped&) {  // another member's exception is already kept
        } catch (...) {
            shared.fail(std::current_exception());
        }
        in_team = false;
    });
    shared.rethrow_if_failed();
}

void parallel_for(int threads, std::int64_t count, const std::function<void(std::int64_t, std::int64_t)>& body) {
    if (count <= 0) return;
    const auto members = static_cast<int>(std::min<std::int64_t>(threads, count));
    run_team(members, [&](Team& team) {
        const Team::Range range = team.share(count);
        if (range.begin < range.end) body(range.begin, range.end);
    });
}

}  // namespace ketjet
