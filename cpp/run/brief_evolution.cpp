#include "run/brief_evolution.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <variant>

#include "plan/cost.hpp"
#include "plan/resources.hpp"
#include "run/evolve.hpp"

namespace ketjet {

namespace {

constexpr std::size_t max_kept = 4;  // of one program: a script steps from few kinds of states
constexpr std::size_t max_kept_bytes = std::size_t{1} << 20;

}  // namespace

template <class T>
BriefEvolution<T>::BriefEvolution(std::shared_ptr<const Plan> plan, const KernelTable& kernels)
    : sweeps_(std::move(plan), kernels),
      seconds_(sweeping_seconds(sweeps_.plan(), 1)),
      ready_seconds_(seconds_ - emitting_seconds(sweeps_.plan())) {}

template <class T>
std::unique_ptr<BriefEvolution<T>> BriefEvolution<T>::of(const Program& program, const Machine& machine, Index fresh,
                                                         const KernelTable& kernels, int threads) {
    std::shared_ptr<const Plan> plan = evolution_plan<T>(program, machine, fresh);
    return is_brief(*plan, threads) ? std::make_unique<BriefEvolution>(std::move(plan), kernels) : nullptr;
}

template <class T>
bool BriefEvolution<T>::is_brief(const Plan& plan, int threads) {
    if (plan.stages.size() > max_brief_stages || !ReadySweeps<T>::goes_straight_through(plan)) return false;
    const double alone = sweeping_seconds(plan, 1);
    return alone < brief_seconds &&
           alone - emitting_seconds(plan) <= sweeping_seconds(plan, useful_threads(plan, threads)) + handing_seconds;
}

template <class T>
bool BriefEvolution<T>::is_for(Index fresh, const Machine& machine, const KernelTable& kernels) const {
    const Plan& plan = sweeps_.plan();
    return plan.request.fresh == fresh && &sweeps_.kernels() == &kernels && plan.machine == machine;
}

template <class T>
bool BriefEvolution<T>::is_small() const {
    return sweeps_.bytes() <= max_kept_bytes;
}

template <class T>
void BriefEvolution<T>::run(std::span<const double> slots, StateVector<T>& state, RunCounters& counters) {
    const std::chrono::duration<double> now = std::chrono::system_clock::now().time_since_epoch();
    const std::int64_t bytes_moved = sweeps_.run(slots, state);
    const auto stages = static_cast<std::int64_t>(sweeps_.plan().stages.size());
    counters.started_at.store(now.count(), std::memory_order_relaxed);
    counters.stages_total.store(stages, std::memory_order_relaxed);
    counters.stages_done.store(stages, std::memory_order_relaxed);
    counters.bytes_moved.store(bytes_moved, std::memory_order_relaxed);
}

template <class T>
std::unique_ptr<BriefEvolution<T>> BriefEvolutions<T>::take(Index fresh, const Machine& machine,
                                                            const KernelTable& kernels) {
    const auto found =
        std::ranges::find_if(kept_, [&](const auto& evolution) { return evolution->is_for(fresh, machine, kernels); });
    if (found == kept_.end()) return nullptr;
    auto evolution = std::move(*found);
    kept_.erase(found);
    return evolution;
}

template <class T>
void BriefEvolutions<T>::give(std::unique_ptr<BriefEvolution<T>> evolution) {
    if (!evolution->is_small()) return;
    if (kept_.size() == max_kept) kept_.erase(kept_.begin());
    kept_.push_back(std::move(evolution));
}

template class BriefEvolution<float>;
template class BriefEvolution<double>;
template class BriefEvolutions<float>;
template class BriefEvolutions<double>;

}  // namespace ketjet
