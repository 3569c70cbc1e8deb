#include "exec/first_touch.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>

#include "exec/expected_work.hpp"

namespace ketjet {

FirstTouch::FirstTouch(const Plan& plan, std::span<const std::int64_t> work, RunCounters& counters)
    : work_(work.begin(), work.end()), counters_(counters) {
    const int page_qubits = plan.request.precision == Precision::single ? 9 : 8;  // of 4096 bytes
    Index reached = 0;
    double touched = 1;
    for (const Stage& stage : plan.stages) {
        if (const Sweep* const sweep = std::get_if<Sweep>(&stage)) {
            reached |= sweep->active_after();
        }
        const double pages = std::ldexp(1.0, count_bits(reached >> page_qubits));
        pages_.push_back(pages - touched);
        touched = pages;
    }
}

double FirstTouch::pages_from(std::size_t stage) const {
    return std::accumulate(pages_.begin() + static_cast<std::ptrdiff_t>(stage), pages_.end(), 0.0);
}

void FirstTouch::begin(std::size_t stage) {
    stage_ = stage;
    start_ = StageClock::now();
    before_ = static_cast<double>(counters_.work_done.load(std::memory_order_relaxed));
    const auto total = static_cast<double>(counters_.work_total.load(std::memory_order_relaxed));
    after_ = total - before_ - work_[stage_] - ns_per_page_ * pages_from(stage_);
}

void FirstTouch::go_on(double part) {
    const double taken = std::chrono::duration<double, std::nano>(StageClock::now() - start_).count();
    ns_per_page_ = std::max(taken / part - work_[stage_], 0.0) / pages_[stage_];
    const double total = before_ + taken / part + after_ + ns_per_page_ * pages_from(stage_ + 1);
    counters_.work_done.store(nanoseconds(1e-9 * (before_ + taken)), std::memory_order_relaxed);
    counters_.work_total.store(nanoseconds(1e-9 * total), std::memory_order_relaxed);
}

}  // namespace ketjet
