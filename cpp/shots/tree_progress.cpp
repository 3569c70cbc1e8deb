// A tree is expected to go on branching as it has branched so far, at every collapse alike, until there are as many
// trajectories as shots.
#include "shots/tree_progress.hpp"

#include <algorithm>
#include <cmath>

#include "exec/expected_work.hpp"
#include "plan/cost.hpp"
#include "plan/reading_cost.hpp"

namespace ketjet {

namespace {

constexpr double max_branches_foreseen = 1e12;  // of probabilities, which can be divided on and on
constexpr std::chrono::milliseconds between_looks{20};

int sampling_threads(const Plan& plan, int threads) { return plan.num_qubits < 16 ? 1 : threads; }

}  // namespace

TreeProgress::TreeProgress(const Plan& plan, const RunRequest& request, std::span<const std::int64_t> work, int threads,
                           std::int64_t max_states, RunCounters& counters)
    : plan_(plan),
      work_(work),
      max_trajectories_(request.exact ? max_branches_foreseen : request.weight().value()),
      max_states_(static_cast<double>(max_states)),
      counters_(counters),
      left_then_(request.weight().value()),
      left_(request.weight().value()) {
    if (!counts()) return;
    const int threads_at_end = sampling_threads(plan, threads);
    end_work_ = 1e9 * state_reading_seconds(plan, strings_of(request.readouts, plan.num_qubits), threads_at_end);
    if (request.exact) {
        const ListingCost cost = listing_cost(plan, threads_at_end);
        end_work_ += 1e9 * cost.listing;
        sorting_work_ = 1e9 * cost.sorting;
    } else {
        end_work_ += 1e9 * sampling_cost(plan, 0, threads_at_end).drawing;
    }
}

void TreeProgress::look_ahead(std::span<const Waiting> waiting) {
    next_look_ = std::chrono::steady_clock::now() + between_looks;
    double all_waiting = 0, passed = 0, alive = 0, ahead = 0;
    for (const Waiting& each : waiting) all_waiting += static_cast<double>(each.trajectories);
    auto next = waiting.begin();
    const std::uint32_t first = next->stage;
    for (std::uint32_t stage = 0; stage < first; ++stage) passed += is_random(plan_.stages[stage]) ? 1 : 0;
    const double a_copy = copies_ > 0 ? copying_ / copies_ : 0;
    const double growth = passed == 0 ? 2 : std::clamp(std::pow(all_waiting, 1 / passed), 1.0, 2.0);
    for (std::uint32_t stage = first; stage < plan_.stages.size(); ++stage) {
        for (; next != waiting.end() && next->stage == stage; ++next) alive += static_cast<double>(next->trajectories);
        ahead += alive * static_cast<double>(work_[stage]);
        if (!is_random(plan_.stages[stage])) continue;
        const double more = std::clamp(alive * growth, alive, std::max(alive, max_trajectories_));
        ahead += a_copy * std::max(std::min(more, max_states_) - alive, 0.0);
        alive = more;
    }
    for (; next != waiting.end(); ++next) alive += static_cast<double>(next->trajectories);  // at the end
    ahead_ = ahead + alive * (end_work_ + sorting_work_);
    left_then_ = left_.load();
    store_total(left_then_);
}

void TreeProgress::copied(double nanoseconds) {
    copying_.fetch_add(nanoseconds);
    copies_.fetch_add(1);
    const auto work = static_cast<std::int64_t>(nanoseconds);
    counters_.work_total.fetch_add(work, std::memory_order_relaxed);  // in case that nobody expected it
    counters_.work_done.fetch_add(work, std::memory_order_relaxed);
}

void TreeProgress::ended(double weight) {
    if (!counts()) return;
    counters_.work_done.fetch_add(static_cast<std::int64_t>(end_work_), std::memory_order_relaxed);
    unsorted_.fetch_add(sorting_work_);
    store_total(left_.fetch_sub(weight) - weight);
}

void TreeProgress::store_total(double left) {
    const double ahead = left_then_ > 0 ? ahead_ * std::max(left, 0.0) / left_then_ : 0;
    const std::int64_t done = counters_.work_done.load(std::memory_order_relaxed);
    counters_.work_total.store(done + nanoseconds(1e-9 * (ahead + unsorted_)), std::memory_order_relaxed);
}

}  // namespace ketjet
