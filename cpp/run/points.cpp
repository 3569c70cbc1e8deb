#include "run/points.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <numeric>
#include <optional>
#include <span>
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
#include "run/batch_runs.hpp"
#include "run/common_part.hpp"
#include "run/common_state.hpp"
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

// Runs all points, in whichever way they are run.
template <class T>
class PointsRun {
 public:
    // The observers are a clock, and then the progress, which counts points.
    PointsRun(const std::shared_ptr<const Plan>& plan, const Points& points, const RunRequest& request,
              const RunContext& given, std::span<StageObserver* const> observers)
        : plan_(plan),
          points_(points),
          request_(request),
          given_(given),
          observers_(observers),
          final_bits_(FinalBits(*plan).of_basis()) {
        result_.begins.reserve(points.count + 1);
        result_.norm_errors.reserve(points.count);
    }

    void in_batches() {
        if (points_.count == 0) return;
        BatchRuns<T> batch(*plan_, request_, points_.slots, points_.count, given_);
        for (std::size_t point = 0; point < points_.count; ++point) {
            const RunContext context = context_of_point();
            const std::size_t number = point % batch.at_once();
            if (number == 0) batch.make(point, std::min(point + batch.at_once(), points_.count), context);
            add(batch.read(number, request_of(point), final_bits_, context), result_);
        }
    }

    void one_by_one(SweepReadings* readings, StageProgress& progress) {
        const std::unique_ptr<const CommonState<T>> common = common_state(readings);
        SpentSweeps spent(plan_->stages.size());
        for (std::size_t point = 0; point < points_.count; ++point) {
            RunContext context = context_of_point();
            context.spent = &spent;
            const BoundPlan bound(plan_, slots_of(point));
            Verifier verifier(Verify::off, bound);
            if (readings != nullptr) readings->clear();
            add(run_straight<T>(bound, request_of(point), final_bits_, readings, progress, verifier, common.get(),
                                context),
                result_);
        }
    }

    PointsResult take_result() { return std::move(result_); }

 private:
    std::span<const double> slots_of(std::size_t point) const {
        const std::size_t count = plan_->program.slots().size();
        return points_.slots.subspan(point * count, count);
    }
    const RunRequest& request_of(std::size_t point) {
        if (!points_.keys.empty()) request_.key = points_.keys[point];
        return request_;
    }
    RunContext context_of_point() const {
        RunContext context{given_.kernels, given_.threads, StopToken(given_.stop.counters(), request_.time_limit),
                           plan_->machine};
        context.observers = StageObservers(observers_);
        return context;
    }

    std::unique_ptr<const CommonState<T>> common_state(SweepReadings* readings) const {
        if (points_.count < 2) return nullptr;
        RunContext context{given_.kernels, given_.threads, given_.stop, plan_->machine};
        context.observers = StageObservers(observers_.first(1));
        const std::size_t sweeps = CommonPart(*plan_, points_.slots, points_.count).sweeps();
        return make_common_state<T>(BoundPlan(plan_, slots_of(0)), sweeps, readings, context);
    }

    const std::shared_ptr<const Plan>& plan_;
    const Points& points_;
    RunRequest request_;
    const RunContext& given_;
    std::span<StageObserver* const> observers_;
    BitMover final_bits_;
    PointsResult result_{};
};

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
    const bool in_batches = runs_in_batches(*plan, request);
    std::optional<SweepReadings> readings;
    if (!in_batches && !request.readouts.empty()) {
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
    const std::array<StageObserver*, 2> observers{&clock, &progress};
    PointsRun<T> run(plan, points, request, given, observers);
    if (in_batches) {
        run.in_batches();
    } else {
        run.one_by_one(readings ? &*readings : nullptr, progress);
    }
    PointsResult all = run.take_result();
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
