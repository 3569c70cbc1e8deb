// run(): the common beginning once; then either sampling, or one trajectory per shot.
#include "exec/run.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "base/parallel.hpp"
#include "exec/collapse.hpp"
#include "plan/cost.hpp"

namespace ketjet {

namespace {

constexpr std::uint32_t final_stream = 0xfffffff2;  // the operation index of all final measurements together

double seconds_since(std::chrono::steady_clock::time_point start) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

bool runs_shots_in_parallel(const Plan& plan, std::int64_t shots, int threads) {
    return threads > 1 && shots >= threads && plan.state_qubits <= shots_in_parallel_qubits;
}

// One collapse; the classical bits of the shot are updated by measurements.
template <class T>
struct CollapseRunner {
    const Program& program;
    const Collapse& collapse;
    StateVector<T>& state;
    RandomStream random;
    std::vector<std::uint64_t>* clbits;
    const RunContext& context;

    void operator()(const MeasureOperation& operation) {
        const bool outcome = measure(state, operation.qubit, random, context);
        if (clbits == nullptr) return;
        std::uint64_t& word = (*clbits)[static_cast<std::size_t>(operation.clbit / 64)];
        word = (word & ~bit(operation.clbit % 64)) | static_cast<std::uint64_t>(outcome) << (operation.clbit % 64);
    }
    void operator()(const ResetOperation& operation) { reset(state, operation.qubit, random, context); }
    void operator()(const InitializeOperation& operation) {
        const auto targets = program.targets(operation.wires);
        if (collapse.random) {
            for (const std::int32_t target : targets) reset(state, target, random, context);
        }
        prepare(state, targets, *operation.amplitudes, context);
    }
    template <class Other>
    void operator()(const Other&) {}  // the planner makes collapses of these three only
};

template <class T>
void draw_final_bits(const Plan& plan, const StateVector<T>& state, const PhiloxKey& key, std::uint64_t shot,
                     std::vector<std::uint64_t>& clbits, const RunContext& context) {
    if (plan.final_measurements.empty()) return;
    RandomStream random(key, shot, final_stream);
    const Index basis = sample_one(state, chunk_probabilities(state, context), random);
    for (const FinalMeasurement& m : plan.final_measurements) {
        std::uint64_t& word = clbits[static_cast<std::size_t>(m.clbit / 64)];
        word = (word & ~bit(m.clbit % 64)) | (basis >> m.qubit & 1) << (m.clbit % 64);
    }
}

// Shots [begin, end) one after another, starting from `prefix` (the state before the first random collapse).
template <class T>
void run_trajectories(const Program& program, const Plan& plan, std::span<const Stage> rest,
                      const StateVector<T>& prefix, StateVector<T>& state, const RunRequest& request,
                      std::int64_t begin, std::int64_t end, std::uint64_t* keys, int words, const RunContext& context) {
    const RunContext unwatched{context.kernels, context.threads, context.stop, context.clock};
    std::vector<std::uint64_t> clbits(static_cast<std::size_t>(words));
    for (std::int64_t shot = begin; shot < end; ++shot) {
        context.stop.throw_if_stopped();
        std::ranges::fill(clbits, 0);
        copy_state(prefix, state, context);
        const auto number = static_cast<std::uint64_t>(shot);
        run_stages(program, rest, state, request.key, number, &clbits, shot == 0 ? context : unwatched);
        draw_final_bits(plan, state, request.key, number, clbits, context);
        std::ranges::copy(clbits, keys + shot * words);
        context.stop.counters().shots_done.fetch_add(1, std::memory_order_relaxed);
    }
}

template <class T>
void run_with_collapses(const Program& program, const Plan& plan, std::span<const Stage> rest, StateVector<T>& prefix,
                        const RunRequest& request, RunResult<T>& result, const RunContext& context) {
    const std::int64_t shots = std::max<std::int64_t>(request.shots, 1);
    const int words = std::max(1, (program.num_clbits() + 63) / 64);
    std::vector<std::uint64_t> keys(static_cast<std::size_t>(shots) * static_cast<std::size_t>(words));
    const bool parallel = runs_shots_in_parallel(plan, shots, context.threads);
    const RunContext inner{context.kernels, parallel ? 1 : context.threads, context.stop, context.clock,
                           context.verifier};
    std::unique_ptr<StateVector<T>> last;
    parallel_for(parallel ? context.threads : 1, shots, [&](std::int64_t begin, std::int64_t end) {
        auto state = std::make_unique<StateVector<T>>(plan.num_qubits, plan.state_qubits);
        run_trajectories(program, plan, rest, prefix, *state, request, begin, end, keys.data(), words, inner);
        if (end == shots) last = std::move(state);
    });
    if (request.keep_state) result.state = std::move(last);
    if (request.shots == 0) return;
    result.table = tabulate(keys, words, context.stop);
    if (request.list_shots) result.shots = std::move(keys);
}

template <class T>
void sample_final_state(const Program& program, const Plan& plan, const StateVector<T>& state,
                        const RunRequest& request, RunResult<T>& result, const RunContext& context) {
    const auto start = std::chrono::steady_clock::now();
    const bool known = context.norms != nullptr && !context.norms->empty();
    const std::vector<double> chunk_sums = known ? *context.norms : chunk_probabilities(state, context);
    result.norm_error = std::abs(pairwise_sum(chunk_sums) - 1);
    if (request.shots > 0) {
        std::vector<BitMove> moves;
        for (const FinalMeasurement& m : plan.final_measurements) {
            std::erase_if(moves, [&](const BitMove& move) { return move.clbit == m.clbit; });
            moves.push_back({m.qubit, m.clbit});
        }
        result.table = tabulate(sample(state, chunk_sums, request.shots, request.key, context), moves,
                                program.num_clbits(), context.stop);
        if (request.list_shots) result.shots = list_shots(result.table, request.key, context.stop);
        context.stop.counters().shots_done.store(request.shots, std::memory_order_relaxed);
    }
    result.sample_seconds = seconds_since(start);
}

}  // namespace

template <class T>
void run_stages(const Program& program, std::span<const Stage> stages, StateVector<T>& state, const PhiloxKey& key,
                std::uint64_t shot, std::vector<std::uint64_t>* clbits, const RunContext& context) {
    RunCounters& counters = context.stop.counters();
    while (!stages.empty()) {
        const auto end = std::ranges::find_if_not(stages, std::holds_alternative<Sweep, Sweep, Collapse, Extend>);
        const auto sweeps = static_cast<std::size_t>(end - stages.begin());
        run_sweeps(program, stages.first(sweeps), state, context);
        stages = stages.subspan(sweeps);
        if (stages.empty()) return;
        const StageClock::Time start = StageClock::now();
        if (const Extend* const extend = std::get_if<Extend>(&stages.front())) {
            extend_state(state, extend->active, context);
        } else {
            const Collapse& collapse = std::get<Collapse>(stages.front());
            RandomStream random(key, shot, collapse.origin);
            std::visit(CollapseRunner<T>{program, collapse, state, random, clbits, context},
                       program.operations()[collapse.operation]);
            if (context.norms != nullptr) context.norms->clear();
        }
        counters.stages_done.fetch_add(1, std::memory_order_relaxed);
        if (context.clock != nullptr) context.clock->add(stages.front(), start);
        if (context.verifier != nullptr) context.verifier->check_norm(stages.front(), state, context);
        stages = stages.subspan(1);
    }
}

template <class T>
RunResult<T> run(const Program& original, const Plan& plan, const RunRequest& request, const RunContext& given) {
    StageClock clock(plan.stages);
    RunContext context{given.kernels, given.threads, given.stop, &clock};
    const Program program = plan.bind(original);
    RunCounters& counters = context.stop.counters();
    const std::chrono::duration<double> now = std::chrono::system_clock::now().time_since_epoch();
    counters.started_at.store(now.count(), std::memory_order_relaxed);
    context.stop.throw_if_stopped();
    const std::span<const Stage> stages(plan.stages);
    const auto first_random = std::ranges::find_if(stages, is_random);
    const auto prefix_stages = static_cast<std::size_t>(first_random - stages.begin());
    const bool collapses = prefix_stages < stages.size();
    const auto rest_stages = static_cast<std::int64_t>(stages.size() - prefix_stages);
    const std::int64_t repeats = collapses ? std::max<std::int64_t>(request.shots, 1) : 0;
    counters.stages_total.store(static_cast<std::int64_t>(prefix_stages) + repeats * rest_stages,
                                std::memory_order_relaxed);
    counters.shots_total.store(request.shots, std::memory_order_relaxed);

    RunResult<T> result;
    Verifier verifier(request.verify, program, plan);
    if (request.verify != Verify::off) {
        context.verifier = &verifier;
        verifier.check_plan<T>(context);
    }
    std::vector<double> norms;
    if (request.shots == 0 && !collapses) context.norms = &norms;
    auto state = std::make_unique<StateVector<T>>(plan.num_qubits, plan.state_qubits);
    try {
        run_stages(program, stages.first(prefix_stages), *state, request.key, 0, nullptr, context);
        if (!collapses) verifier.check_state(original, *state, request.keep_state || request.shots == 0, context);
        if (collapses) {
            run_with_collapses(program, plan, stages.subspan(prefix_stages), *state, request, result, context);
        } else {
            sample_final_state(program, plan, *state, request, result, context);
        }
    } catch (const Cancelled&) {
        state->release();
        throw;
    }
    result.stage_seconds = clock.seconds();
    if (request.keep_state && !collapses) result.state = std::move(state);
    result.verification = verifier.report();
    return result;
}

int states_held(const Plan& plan, std::int64_t shots, int threads) {
    if (!plan.has_random_collapse()) return 1;
    return 1 + (runs_shots_in_parallel(plan, shots, threads) ? threads : 1);
}

#define KETJET_INSTANTIATE(T)                                                                              \
    template void run_stages<T>(const Program&, std::span<const Stage>, StateVector<T>&, const PhiloxKey&, \
                                std::uint64_t, std::vector<std::uint64_t>*, const RunContext&);            \
    template RunResult<T> run<T>(const Program&, const Plan&, const RunRequest&, const RunContext&);
KETJET_INSTANTIATE(float)
KETJET_INSTANTIATE(double)
#undef KETJET_INSTANTIATE

}  // namespace ketjet
