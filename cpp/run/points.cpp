#include "run/points.hpp"

#include <array>
#include <cstdint>
#include <numeric>
#include <optional>
#include <stdexcept>
#include <utility>

#include "base/memory_budget.hpp"
#include "check/verify.hpp"
#include "exec/expected_work.hpp"
#include "exec/stage_clock.hpp"
#include "exec/stage_progress.hpp"
#include "exec/sweeps_ahead.hpp"
#include "plan/cost.hpp"
#include "readout/final_bits.hpp"
#include "run/straight_run.hpp"

namespace ketjet {

namespace {

template <class Values, class More>
void append(Values& values, const More& more) {
    values.insert(values.end(), more.begin(), more.end());
}

template <class T>
void add(RunResult<T> point, PointsResult& all) {
    append(all.keys, point.table.keys);
    append(all.counts, point.table.counts);
    append(all.shots, point.shots);
    all.readouts.resize(point.readouts.size());
    for (std::size_t i = 0; i < point.readouts.size(); ++i) append(all.readouts[i], point.readouts[i]);
    all.words = point.table.words;
    all.begins.push_back(static_cast<std::int64_t>(all.counts.size()));
    all.norm_errors.push_back(point.norm_error);
    all.sample_seconds += point.sample_seconds;
}

// What all points are predicted to take, each so much in every stage and after them.
void announce(const Plan& plan, const RunRequest& request, std::size_t points, std::span<const std::int64_t> work,
              std::int64_t work_at_the_end, RunCounters& counters) {
    const auto count = static_cast<std::int64_t>(points);
    const std::int64_t of_point = std::accumulate(work.begin(), work.end(), work_at_the_end);
    counters.stages_total.store(count * static_cast<std::int64_t>(plan.stages.size()), std::memory_order_relaxed);
    counters.shots_total.store(count * request.shots, std::memory_order_relaxed);
    counters.work_total.store(count * of_point, std::memory_order_relaxed);
}

}  // namespace

bool can_run_points(const Plan& plan, const RunRequest& request) {
    return !plan.has_trajectories() && !request.exact && !request.keep_state && request.verify == Verify::off &&
           !request.time_passes;
}

template <class T>
PointsResult run_points(const std::shared_ptr<const Plan>& plan, const Points& points, const RunRequest& request,
                        const RunContext& given) {
    const std::size_t num_slots = plan->program.slots().size();
    if (!can_run_points(*plan, request)) throw std::invalid_argument("points of this kind are run one by one");
    if (points.slots.size() != points.count * num_slots) {
        throw std::invalid_argument("there must be a value for each slot of each point");
    }
    if (request.shots > 0 && points.keys.size() != points.count) {
        throw std::invalid_argument("there must be a key for each point");
    }
    std::vector<std::int64_t> work = stage_work(*plan, given.threads);
    std::int64_t work_at_the_end = sampling_work(*plan, request.shots, request.list_shots, given.threads);
    std::optional<SweepReadings> readings;
    if (!request.readouts.empty()) {
        readings.emplace(*plan, strings_of(request.readouts, plan->num_qubits), true);
        work_at_the_end += readings->add_work(*plan, given.threads, work);
    }
    RunCounters& counters = given.stop.counters();
    StageClock clock(plan->stages.size());
    StageProgress progress(work, counters);
    given.stop.throw_if_stopped();
    MemoryBudget budget(request.memory_limit, request.promised_bytes, request.kept_bytes, counters.bytes_held);
    const MemoryBudget::Scope charged(&budget);
    announce(*plan, request, points.count, work, work_at_the_end, counters);
    PointsResult all;
    all.begins.reserve(points.count + 1);
    all.norm_errors.reserve(points.count);
    RunRequest own = request;
    const std::array<StageObserver*, 2> observers{&clock, &progress};
    const BitMover final_bits = FinalBits(*plan).of_basis();
    SpentSweeps spent(plan->stages.size());
    for (std::size_t point = 0; point < points.count; ++point) {
        RunContext context{given.kernels, given.threads, StopToken(counters, request.time_limit), plan->machine};
        context.observers = StageObservers(observers);
        context.spent = &spent;
        const BoundPlan bound(plan, points.slots.subspan(point * num_slots, num_slots));
        if (!points.keys.empty()) own.key = points.keys[point];
        Verifier verifier(Verify::off, bound);
        if (readings) readings->clear();
        add(run_straight<T>(bound, own, final_bits, readings ? &*readings : nullptr, progress, verifier, context), all);
    }
    all.stage_seconds = clock.seconds();
    return all;
}

#define KETJET_INSTANTIATE(T)                                                                                 \
    template PointsResult run_points<T>(const std::shared_ptr<const Plan>&, const Points&, const RunRequest&, \
                                        const RunContext&);
KETJET_INSTANTIATE(float)
KETJET_INSTANTIATE(double)
#undef KETJET_INSTANTIATE

}  // namespace ketjet
