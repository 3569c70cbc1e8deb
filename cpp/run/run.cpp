// run(): what surrounds a run is set up, and its way chosen: straight through the stages, or a tree of trajectories.
#include "run/run.hpp"

#include <cmath>
#include <numeric>
#include <optional>
#include <vector>

#include "base/memory_budget.hpp"
#include "check/verify.hpp"
#include "exec/expected_work.hpp"
#include "exec/pass_clock.hpp"
#include "exec/stage_clock.hpp"
#include "exec/stage_progress.hpp"
#include "plan/cost.hpp"
#include "readout/final_bits.hpp"
#include "run/batch_runs.hpp"
#include "run/shared_run.hpp"
#include "run/straight_run.hpp"
#include "run/tree_run.hpp"

namespace ketjet {

namespace {

// Others end before anybody could ask how far they are.
bool is_long_tree(const Plan& plan, const RunRequest& request) {
    constexpr double min_visits = 1 << 24;  // of amplitudes, some milliseconds
    const double trajectories = request.exact ? 1 << 16 : static_cast<double>(request.shots);
    return std::ldexp(trajectories, plan.state_qubits) * static_cast<double>(plan.stages.size()) > min_visits;
}

}  // namespace

template <class T>
RunResult<T> run(const BoundPlan& bound, const RunRequest& request, const RunContext& given) {
    const Plan& plan = *bound.plan;
    const bool as_tree = plan.has_trajectories() || request.exact;
    const bool in_batch = runs_in_batches(plan, request);
    std::vector<std::int64_t> work;
    if (!as_tree || is_long_tree(plan, request)) work = stage_work(plan, given.threads);
    std::int64_t work_at_the_end = as_tree ? 0 : sampling_work(plan, request.shots, request.list_shots, given.threads);
    std::optional<SweepReadings> readings;
    if (!as_tree && !in_batch && plan.global_qubits == 0 && !request.readouts.empty()) {
        readings.emplace(plan, strings_of(request.readouts, plan.num_qubits), true);
        work_at_the_end += readings->add_work(plan, given.threads, work);
    }
    RunContext context{given.kernels, given.threads, given.stop, plan.machine};
    if (plan.global_qubits > 0) context.peers = given.peers;  // else each rank has the whole state
    RunCounters& counters = context.stop.counters();
    StageClock clock(plan.stages.size());
    StageProgress progress(work, counters);
    if (context.peers == nullptr) context.stop.throw_if_stopped();  // ranks end together
    MemoryBudget budget(request.memory_limit, request.promised_bytes, request.kept_bytes, counters.bytes_held);
    const MemoryBudget::Scope charged(&budget);
    if (!plan.has_trajectories()) {  // else nobody knows how often stages will run
        counters.stages_total.store(static_cast<std::int64_t>(plan.stages.size()), std::memory_order_relaxed);
    }
    counters.shots_total.store(request.shots, std::memory_order_relaxed);
    if (!as_tree) {
        counters.work_total.store(std::accumulate(work.begin(), work.end(), work_at_the_end),
                                  std::memory_order_relaxed);
    }

    Verifier verifier(request.verify, bound);
    std::optional<PassClock> pass_clock;
    std::vector<StageObserver*> observers{&clock, &progress};
    if (request.time_passes) observers.push_back(&pass_clock.emplace(plan.stages));
    if (request.verify != Verify::off) observers.push_back(&verifier);
    context.observers = StageObservers(observers);
    if (request.verify != Verify::off) verifier.check_plan<T>(context);
    RunResult<T> result;
    if (as_tree) {
        result = run_as_tree<T>(bound, request, work, verifier, context);
    } else if (plan.global_qubits > 0) {
        result = run_shared<T>(bound, request, FinalBits(plan).of_basis(), progress, context);
    } else if (in_batch) {
        BatchRuns<T> runs(plan, request, bound.program.slots(), 1, context);
        runs.make(0, 1, context);
        result = runs.read(0, request, FinalBits(plan).of_basis(), context);
    } else {
        result = run_straight<T>(bound, request, FinalBits(plan).of_basis(), readings ? &*readings : nullptr, progress,
                                 verifier, nullptr, context);
    }
    result.stage_seconds = clock.seconds();
    if (pass_clock) result.pass_times = pass_clock->take();
    result.verification = verifier.report();
    return result;
}

bool is_brief(const Plan& plan, const RunRequest& request, int threads) {
    if (threads > 1 || plan.has_trajectories() || plan.stages.size() > max_brief_stages) return false;
    if (request.exact || request.verify != Verify::off || !request.readouts.empty()) return false;
    const SamplingCost sampling = sampling_cost(plan, request.shots, threads);
    const double listing = request.list_shots ? sampling.listing : 0;
    return plan_cost(plan, threads).seconds + sampling.drawing + sampling.tabulating + listing < waking_seconds;
}

template RunResult<float> run<float>(const BoundPlan&, const RunRequest&, const RunContext&);
template RunResult<double> run<double>(const BoundPlan&, const RunRequest&, const RunContext&);

}  // namespace ketjet
