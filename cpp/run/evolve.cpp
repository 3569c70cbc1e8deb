#include "run/evolve.hpp"

#include <numeric>
#include <stdexcept>

#include "check/verify.hpp"
#include "exec/expected_work.hpp"
#include "exec/stage_progress.hpp"
#include "exec/write_out.hpp"
#include "plan/plan_cache.hpp"
#include "plan/resources.hpp"
#include "shots/run_stages.hpp"

namespace ketjet {

template <class T>
std::shared_ptr<const Plan> evolution_plan(const Program& program, const Machine& machine, Index fresh,
                                           const Sharing& sharing) {
    PlanRequest request;
    request.precision = precision_of<T>;
    request.from_zero = false;
    request.fresh = fresh;
    request.sharing = sharing;
    return cached_plan(program, machine, request);
}

template <class T>
std::vector<std::uint64_t> evolve(const Program& program, const Machine& machine, StateVector<T>& state,
                                  const PhiloxKey& key, Verify verify, const RunContext& given) {
    const Sharing sharing{state.total_qubits() - state.stored_qubits(), Sharing{}.pinned_qubits};
    const BoundPlan bound(evolution_plan<T>(program, machine, state.fresh(), sharing), program);
    const Plan& plan = *bound.plan;
    if (plan.global_qubits != sharing.global_qubits) throw std::invalid_argument("a share is too small");
    RunContext context{given.kernels, useful_threads(plan, given.threads), given.stop, plan.machine};
    context.peers = given.peers;
    RunCounters& counters = context.stop.counters();
    const std::vector<std::int64_t> work = stage_work(plan, context.threads);
    StageProgress progress(work, counters);
    counters.stages_total.store(static_cast<std::int64_t>(plan.stages.size()), std::memory_order_relaxed);
    counters.work_total.store(std::accumulate(work.begin(), work.end(), std::int64_t{0}), std::memory_order_relaxed);
    Verifier verifier(verify, bound);
    std::vector<StageObserver*> observers{&progress};
    if (verify != Verify::off) observers.push_back(&verifier);
    context.observers = StageObservers(observers);
    if (state.active() == 0) progress.watch_first_touch(plan, state);
    if (verify != Verify::off) {
        write_out(state, context);
        verifier.start_in(state, context);
        verifier.check_plan<T>(context);
    }
    state.set_all_active();
    std::vector<std::uint64_t> memory = run_stages(bound, state, key, {}, context);
    state.set_active(plan.active_after());
    if (verify != Verify::off) {
        write_out(state, context);
        verifier.check_state(state, true, context);
    }
    return memory;
}

#define KETJET_INSTANTIATE(T)                                                                                        \
    template std::shared_ptr<const Plan> evolution_plan<T>(const Program&, const Machine&, Index, const Sharing&);   \
    template std::vector<std::uint64_t> evolve<T>(const Program&, const Machine&, StateVector<T>&, const PhiloxKey&, \
                                                  Verify, const RunContext&);
KETJET_INSTANTIATE(float)
KETJET_INSTANTIATE(double)
#undef KETJET_INSTANTIATE

}  // namespace ketjet
