// run(): the stages once and then sampling, or a tree of trajectories.
#include "run/run.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <numeric>
#include <optional>

#include "base/memory_budget.hpp"
#include "exec/stage_clock.hpp"
#include "exec/stage_progress.hpp"
#include "exec/state_norms.hpp"
#include "exec/sweep_norms.hpp"
#include "exec/write_out.hpp"
#include "plan/plan_cache.hpp"
#include "plan/resources.hpp"
#include "shots/shot_tree.hpp"

namespace ketjet {

namespace {

constexpr std::int64_t min_first_touch_bytes = std::int64_t{1} << 26;  // below, it does not take long

// Whether the first touch of the state's memory may take long.
template <class T>
bool may_touch_first(const Plan& plan, const StateVector<T>& state) {
    return state.is_fresh() && state_bytes(plan.state_qubits, plan.request.precision) >= min_first_touch_bytes;
}

double seconds_since(std::chrono::steady_clock::time_point start) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

void note_start(RunCounters& counters) {
    const std::chrono::duration<double> now = std::chrono::system_clock::now().time_since_epoch();
    counters.started_at.store(now.count(), std::memory_order_relaxed);
}

// Whether shots differ by what they measure at the end.
bool draws(const Plan& plan, const RunRequest& request) {
    return request.shots > 0 && !plan.final_measurements.empty();
}

template <class T>
void sample_final_state(const Plan& plan, const StateVector<T>& state, SweepNorms& swept, const RunRequest& request,
                        RunResult<T>& result, const RunContext& context) {
    const auto start = std::chrono::steady_clock::now();
    const bool known = swept.are_known();
    OutcomesVector<BasisCount> samples;
    if (draws(plan, request)) {
        const StateNorms norms = known ? swept.take() : norms_of(state, context);
        if (known) context.drift->note(norms.total());
        samples = sample(state, norms, request.shots, request.key, context);
    } else {
        if (known) context.drift->note(swept.total());
        if (!known) norms_of(state, context);  // for its total
        samples.push_back({0, request.shots});
    }
    if (request.shots > 0) {
        std::vector<BitMove> moves;
        for (const FinalMeasurement& m : plan.final_measurements) {
            std::erase_if(moves, [&](const BitMove& move) { return move.clbit == m.clbit; });
            moves.push_back({m.qubit, m.clbit});
        }
        std::vector<std::int32_t> ones;
        for (const KnownRead& read : plan.known_reads) {
            std::erase_if(moves, [&](const BitMove& move) { return move.clbit == read.clbit; });
            if (read.value) ones.push_back(read.clbit);
        }
        const SamplingCost cost = sampling_cost(plan, request.shots, context.threads);
        result.table =
            tabulate(samples, moves, ones, plan.program.num_clbits(), nanoseconds(cost.tabulating), context.stop);
        if (request.list_shots) {
            result.shots = list_shots(result.table, request.key, nanoseconds(cost.listing), context.stop);
        }
        context.stop.counters().shots_done.store(request.shots, std::memory_order_relaxed);
    }
    result.sample_seconds = seconds_since(start);
}

// The variable words in which records are noted for each shot.
std::vector<std::size_t> chain_words(const Program& program) {
    std::vector<std::size_t> words;
    for (const Operation& operation : program.operations()) {
        const auto* const save = std::get_if<SaveOperation>(&operation);
        if (save != nullptr && save->shot_word() >= 0) words.push_back(static_cast<std::size_t>(save->shot_word()));
    }
    std::ranges::sort(words);
    words.erase(std::ranges::unique(words).begin(), words.end());
    return words;
}

// Of each row of memory the classical bits, then the chains.
WeightTable table_of(const TreeOutcome& outcome, const Program& program, const std::vector<std::size_t>& chains,
                     const StopToken& stop) {
    const auto clbit_words = static_cast<std::ptrdiff_t>(program.clbit_words());
    const auto stride = static_cast<std::ptrdiff_t>(program.memory_words());
    WeightTable rows{{}, outcome.rows.weights, outcome.rows.ways};
    rows.keys.reserve(rows.weights.size() * (static_cast<std::size_t>(clbit_words) + chains.size()));
    Poll poll(stop);
    const OutcomesVector<std::uint64_t>& memory = outcome.rows.keys;
    for (auto row = memory.begin(); row != memory.end(); row += stride) {
        poll();
        rows.keys.insert(rows.keys.end(), row, row + clbit_words);
        for (const std::size_t word : chains) rows.keys.push_back(row[clbit_words + static_cast<std::ptrdiff_t>(word)]);
    }
    return tabulate(std::move(rows), program.clbit_words() + static_cast<int>(chains.size()), stop);
}

OutcomesVector<std::int64_t> counts_of(const WeightTable& table) {
    OutcomesVector<std::int64_t> counts;
    counts.reserve(table.weights.size());
    for (const Weight& weight : table.weights) counts.push_back(weight.shots);
    return counts;
}

// The list of shots, each with the records of what was saved for it.
template <class T>
void list_with_chains(const WeightTable& table, int clbit_words, int chain_words, const RunRequest& request,
                      RunResult<T>& result, const RunContext& context) {
    const int words = clbit_words + chain_words;
    const OutcomeTable counted{words, table.keys, counts_of(table)};
    const OutcomesVector<std::uint64_t> rows = list_shots(counted, request.key, 0, context.stop);
    Poll poll(context.stop);
    for (auto row = rows.begin(); row != rows.end(); row += words) {
        poll();
        result.shots.insert(result.shots.end(), row, row + clbit_words);
        result.chains.insert(result.chains.end(), row + clbit_words, row + words);
    }
    result.chain_words = chain_words;
}

// The state at the end and what is saved of one shot only, of the shot that stands last in the list: it is run once
// more by itself, for in the tree nobody knows which one it will be.
template <class T>
void run_last_shot(const Walker<T>& walker, const WeightTable& table, const RunRequest& request, RunResult<T>& result,
                   const RunContext& context) {
    const auto& [plan, program] = walker.bound_plan();
    const std::size_t row = request.exact ? 0 : last_of_list(counts_of(table), request.key);
    Trajectory<T> shot{std::make_unique<StateVector<T>>(plan->num_qubits, plan->state_qubits),
                       Shots(program.memory_words(), {1, 0})};
    walker.retrace(shot, *table.ways[row], context);
    if (request.keep_state) result.state = std::move(shot.state);
}

template <class T>
void run_as_tree(const BoundPlan& bound, const RunRequest& request, std::span<const std::int64_t> work,
                 Verifier& verifier, RunResult<T>& result, const RunContext& context) {
    const Program& program = bound.program;
    SaveStore saves;
    const Walker<T> walker(bound, request, kernels_of<T>(context.kernels), saves);
    TreeResult<T> tree = run_tree<T>(walker, work, request.verify == Verify::off ? nullptr : &verifier, context);
    result.trajectories = tree.trajectories;
    result.readouts = tree.outcome.readouts.averages();
    const int words = program.clbit_words();
    const std::vector<std::size_t> chains = chain_words(program);
    WeightTable table = program.memory_words() == words ? tabulate(std::move(tree.outcome.rows), words, context.stop)
                                                        : table_of(tree.outcome, program, {}, context.stop);
    WeightTable chained;
    if (!chains.empty() && !request.exact) {
        chained = table_of(tree.outcome, program, chains, context.stop);
        list_with_chains(chained, words, static_cast<int>(chains.size()), request, result, context);
    }
    const bool lacks_state = request.keep_state && tree.state == nullptr;
    result.state = std::move(tree.state);
    result.dropped = tree.outcome.dropped;
    tree.outcome = {};
    if ((lacks_state || walker.owes_saves()) && !table.weights.empty()) {
        run_last_shot(walker, chained.weights.empty() ? table : chained, request, result, context);
    }
    if (result.state != nullptr) norms_of(*result.state, context);  // for its total
    result.saves = saves.take();
    if (request.exact) {
        result.table = {words, std::move(table.keys), {}};
        result.probabilities.reserve(table.weights.size());
        for (const Weight& weight : table.weights) result.probabilities.push_back(weight.probability);
        return;
    }
    if (request.shots == 0) return;
    result.table = {words, std::move(table.keys), counts_of(table)};
    if (request.list_shots && chains.empty()) result.shots = list_shots(result.table, request.key, 0, context.stop);
}

// Others end before anybody could ask how far they are.
bool is_long_tree(const Plan& plan, const RunRequest& request) {
    constexpr double min_visits = 1 << 24;  // of amplitudes, some milliseconds
    const double trajectories = request.exact ? 1 << 16 : static_cast<double>(request.shots);
    return std::ldexp(trajectories, plan.state_qubits) * static_cast<double>(plan.stages.size()) > min_visits;
}

template <class T>
void run_once(const BoundPlan& bound, const RunRequest& request, StageProgress& progress, Verifier& verifier,
              RunResult<T>& result, const RunContext& given) {
    const Plan& plan = *bound.plan;
    SweepNorms norms(draws(plan, request) ? SweepNorms::Wanted::rows : SweepNorms::Wanted::total, plan.state_qubits);
    RunContext context = given;
    context.norms = &norms;
    auto state = std::make_unique<StateVector<T>>(plan.num_qubits, plan.state_qubits);
    if (may_touch_first(plan, *state)) progress.watch_first_touch(plan);
    try {
        run_stages(bound, *state, request.key, context);
        verifier.check_state(*state, request.keep_state || request.shots == 0, context);
        for (const Readout& readout : request.readouts) {
            result.readouts.push_back(read_state(readout, *state, context));
        }
        sample_final_state(plan, *state, norms, request, result, context);
    } catch (const Cancelled&) {
        state->release();
        throw;
    }
    if (request.keep_state) result.state = std::move(state);
}

}  // namespace

template <class T>
std::vector<std::uint64_t> run_stages(const BoundPlan& bound, StateVector<T>& state, const PhiloxKey& key,
                                      const RunContext& context) {
    const RunRequest request{1, key};
    SaveStore saves;
    const Walker<T> walker(bound, request, kernels_of<T>(context.kernels), saves);
    Trajectory<T> trajectory{std::make_unique<StateVector<T>>(std::move(state)),
                             Shots(bound.program.memory_words(), {1, 0})};
    NoBranching<T> no_branching;
    try {
        while (walker.advance(trajectory, no_branching, false, context)) {
        }
    } catch (...) {
        state = std::move(*trajectory.state);
        throw;
    }
    state = std::move(*trajectory.state);
    const auto memory = trajectory.shots.memory_of(0);
    return {memory.begin(), memory.end()};
}

template <class T>
std::vector<std::uint64_t> evolve(const Program& program, const Machine& machine, StateVector<T>& state,
                                  const PhiloxKey& key, Verify verify, const RunContext& given) {
    PlanRequest request;
    request.precision = precision_of<T>;
    request.from_zero = false;
    request.fresh = low_bits(state.stored_qubits()) & ~state.active();
    const BoundPlan bound(cached_plan(program, machine, request), program);
    const Plan& plan = *bound.plan;
    RunContext context{given.kernels, useful_threads(plan, given.threads), given.stop, plan.machine.l3_bytes};
    RunCounters& counters = context.stop.counters();
    note_start(counters);
    const std::vector<std::int64_t> work = stage_work(plan, context.threads);
    StageProgress progress(work, counters);
    counters.stages_total.store(static_cast<std::int64_t>(plan.stages.size()), std::memory_order_relaxed);
    counters.work_total.store(std::accumulate(work.begin(), work.end(), std::int64_t{0}), std::memory_order_relaxed);
    Verifier verifier(verify, bound);
    const std::array<StageObserver*, 2> observers{&progress, &verifier};
    context.observers = StageObservers(std::span(observers).first(verify == Verify::off ? 1 : 2));
    if (state.active() == 0 && may_touch_first(plan, state)) progress.watch_first_touch(plan);
    if (verify != Verify::off) {
        write_out(state, context);
        verifier.start_in(state, context);
        verifier.check_plan<T>(context);
    }
    state.set_all_active();
    std::vector<std::uint64_t> memory = run_stages(bound, state, key, context);
    state.set_active(plan.active_after());
    if (verify != Verify::off) {
        write_out(state, context);
        verifier.check_state(state, true, context);
    }
    return memory;
}

template <class T>
RunResult<T> run(const BoundPlan& bound, const RunRequest& request, const RunContext& given) {
    const Plan& plan = *bound.plan;
    const bool as_tree = plan.has_trajectories() || request.exact;
    std::vector<std::int64_t> work;
    if (!as_tree || is_long_tree(plan, request)) work = stage_work(plan, given.threads);
    NormDrift drift;
    RunContext context{given.kernels, given.threads, given.stop, plan.machine.l3_bytes};
    context.drift = &drift;
    RunCounters& counters = context.stop.counters();
    StageClock clock(plan.stages.size());
    StageProgress progress(work, counters);
    note_start(counters);
    context.stop.throw_if_stopped();
    MemoryBudget budget(request.memory_limit, request.promised_bytes, request.kept_bytes, counters.bytes_held);
    const MemoryBudget::Scope charged(&budget);
    if (!plan.has_trajectories()) {  // else nobody knows how often stages will run
        counters.stages_total.store(static_cast<std::int64_t>(plan.stages.size()), std::memory_order_relaxed);
    }
    counters.shots_total.store(request.shots, std::memory_order_relaxed);
    if (!as_tree) {
        const SamplingCost cost = sampling_cost(plan, request.shots, given.threads);
        const Index chunks = (bit(plan.num_qubits) + low_bits(chunk_bits)) >> chunk_bits;
        context.chunk_work = nanoseconds(cost.drawing) / static_cast<std::int64_t>(chunks);
        const std::int64_t sampling = nanoseconds(cost.drawing) + nanoseconds(cost.tabulating) +
                                      (request.list_shots ? nanoseconds(cost.listing) : 0);
        counters.work_total.store(std::accumulate(work.begin(), work.end(), sampling), std::memory_order_relaxed);
    }

    std::optional<PassClock> pass_clock;
    if (request.time_passes) context.pass_clock = &pass_clock.emplace(plan.stages);
    RunResult<T> result;
    Verifier verifier(request.verify, bound);
    const std::array<StageObserver*, 3> observers{&clock, &progress, &verifier};
    context.observers = StageObservers(std::span(observers).first(request.verify == Verify::off ? 2 : 3));
    if (request.verify != Verify::off) verifier.check_plan<T>(context);
    if (as_tree) {
        run_as_tree(bound, request, work, verifier, result, context);
    } else {
        run_once(bound, request, progress, verifier, result, context);
    }
    result.norm_error = drift.largest();
    result.stage_seconds = clock.seconds();
    if (pass_clock) result.pass_times = pass_clock->take();
    result.verification = verifier.report();
    return result;
}

#define KETJET_INSTANTIATE(T)                                                                                        \
    template std::vector<std::uint64_t> run_stages<T>(const BoundPlan&, StateVector<T>&, const PhiloxKey&,           \
                                                      const RunContext&);                                            \
    template std::vector<std::uint64_t> evolve<T>(const Program&, const Machine&, StateVector<T>&, const PhiloxKey&, \
                                                  Verify, const RunContext&);                                        \
    template RunResult<T> run<T>(const BoundPlan&, const RunRequest&, const RunContext&);
KETJET_INSTANTIATE(float)
KETJET_INSTANTIATE(double)
#undef KETJET_INSTANTIATE

}  // namespace ketjet
