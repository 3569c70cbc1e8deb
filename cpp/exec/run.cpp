// run(): the stages once and then sampling, or a tree of trajectories.
#include "exec/run.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>

#include "exec/collapse.hpp"
#include "exec/shot_tree.hpp"

namespace ketjet {

namespace {

double seconds_since(std::chrono::steady_clock::time_point start) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

template <class T>
void sample_final_state(const Program& program, const Plan& plan, const StateVector<T>& state,
                        const RunRequest& request, RunResult<T>& result, const RunContext& context) {
    const auto start = std::chrono::steady_clock::now();
    const bool known = context.norms != nullptr && !context.norms->empty();
    const std::vector<double> chunk_sums = known ? *context.norms : chunk_probabilities(state, context);
    if (known) context.drift->note(pairwise_sum(chunk_sums));
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
        result.table = tabulate(sample(state, chunk_sums, request.shots, request.key, context), moves, ones,
                                program.num_clbits(), context.stop);
        if (request.list_shots) result.shots = list_shots(result.table, request.key, context.stop);
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
std::vector<std::uint64_t> keys_of(const TreeOutcome& outcome, const Program& program,
                                   const std::vector<std::size_t>& chains) {
    const auto clbit_words = static_cast<std::size_t>(program.clbit_words());
    const auto stride = static_cast<std::size_t>(program.memory_words());
    std::vector<std::uint64_t> keys;
    keys.reserve(outcome.weights.size() * (clbit_words + chains.size()));
    for (auto row = outcome.memory.begin(); row != outcome.memory.end(); row += static_cast<std::ptrdiff_t>(stride)) {
        keys.insert(keys.end(), row, row + static_cast<std::ptrdiff_t>(clbit_words));
        for (const std::size_t word : chains) keys.push_back(row[static_cast<std::ptrdiff_t>(clbit_words + word)]);
    }
    return keys;
}

OutcomeTable counted(const WeightTable& table, int words) {
    OutcomeTable result{words, table.keys, {}};
    for (const double weight : table.weights) result.counts.push_back(std::llround(weight));
    return result;
}

// The list of shots, each with the records of what was saved for it.
template <class T>
void list_with_chains(const TreeOutcome& outcome, const Program& program, const std::vector<std::size_t>& chains,
                      const RunRequest& request, RunResult<T>& result, const RunContext& context) {
    const int clbit_words = program.clbit_words(), words = clbit_words + static_cast<int>(chains.size());
    const WeightTable table = tabulate(keys_of(outcome, program, chains), outcome.weights, words, context.stop);
    const std::vector<std::uint64_t> rows = list_shots(counted(table, words), request.key, context.stop);
    result.chain_words = static_cast<int>(chains.size());
    for (auto row = rows.begin(); row != rows.end(); row += words) {
        result.shots.insert(result.shots.end(), row, row + clbit_words);
        result.chains.insert(result.chains.end(), row + clbit_words, row + words);
    }
}

template <class T>
void run_as_tree(const Program& program, const Plan& plan, const RunRequest& request, RunResult<T>& result,
                 const RunContext& context) {
    TreeRequest tree_request;
    tree_request.rules = {{request.key, request.exact, request.floor}, request.most_iterations};
    tree_request.weight = request.exact ? 1 : static_cast<double>(std::max<std::int64_t>(request.shots, 1));
    tree_request.most_states = request.most_states;
    tree_request.merge = request.merge_branches;
    tree_request.keep_state = request.keep_state;
    TreeResult<T> tree = run_tree<T>(program, plan, tree_request, context);
    result.trajectories = tree.trajectories;
    result.state = std::move(tree.state);
    if (result.state != nullptr) chunk_probabilities(*result.state, context);  // for its norm
    result.saves = std::move(tree.saves);
    const int words = program.clbit_words();
    WeightTable table = tabulate(keys_of(tree.outcome, program, {}), tree.outcome.weights, words, context.stop);
    if (request.exact) {
        result.table = {words, std::move(table.keys), {}};
        result.probabilities = std::move(table.weights);
        result.dropped = tree.outcome.dropped;
        return;
    }
    const std::vector<std::size_t> chains = chain_words(program);
    if (!chains.empty()) list_with_chains(tree.outcome, program, chains, request, result, context);
    if (request.shots == 0) return;
    result.table = counted(table, words);
    if (request.list_shots && chains.empty()) result.shots = list_shots(result.table, request.key, context.stop);
}

template <class T>
void run_once(const Program& original, const Program& program, const Plan& plan, const RunRequest& request,
              Verifier& verifier, RunResult<T>& result, const RunContext& given) {
    std::vector<double> norms;
    RunContext context = given;
    if (request.shots == 0) context.norms = &norms;
    auto state = std::make_unique<StateVector<T>>(plan.num_qubits, plan.state_qubits);
    try {
        run_stages(program, plan, *state, request.key, context);
        verifier.check_state(original, *state, request.keep_state || request.shots == 0, context);
        sample_final_state(program, plan, *state, request, result, context);
    } catch (const Cancelled&) {
        state->release();
        throw;
    }
    if (request.keep_state) result.state = std::move(state);
}

// A shot of its own never parts.
template <class T>
struct Alone : Parting<T> {
    std::unique_ptr<StateVector<T>> copy_of(const StateVector<T>&, const RunContext&) override { return nullptr; }
    void take(Trajectory<T>) override {}
};

}  // namespace

template <class T>
std::vector<std::uint64_t> run_stages(const Program& program, const Plan& plan, StateVector<T>& state,
                                      const PhiloxKey& key, const RunContext& context) {
    const WalkRules rules{{key, false, 0}, 0};
    SaveStore saves;
    const Walker<T> walker(program, plan, rules, kernels_of<T>(context.kernels), saves);
    Trajectory<T> trajectory{std::make_unique<StateVector<T>>(std::move(state)), Shots(program.memory_words(), 1)};
    Alone<T> alone;
    try {
        while (walker.advance(trajectory, alone, context)) {
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
RunResult<T> run(const Program& original, const Plan& plan, const RunRequest& request, const RunContext& given) {
    StageClock clock(plan.stages);
    NormDrift drift;
    RunContext context{given.kernels, given.threads, given.stop, plan.l3_bytes, &clock};
    context.drift = &drift;
    const Program program = plan.bind(original);
    RunCounters& counters = context.stop.counters();
    const std::chrono::duration<double> now = std::chrono::system_clock::now().time_since_epoch();
    counters.started_at.store(now.count(), std::memory_order_relaxed);
    context.stop.throw_if_stopped();
    if (!plan.has_trajectories()) {  // else nobody knows how often stages will run
        counters.stages_total.store(static_cast<std::int64_t>(plan.stages.size()), std::memory_order_relaxed);
    }
    counters.shots_total.store(request.shots, std::memory_order_relaxed);

    RunResult<T> result;
    Verifier verifier(request.verify, program, plan);
    if (request.verify != Verify::off) {
        context.verifier = &verifier;
        verifier.check_plan<T>(context);
    }
    if (plan.has_trajectories() || request.exact) {
        run_as_tree(program, plan, request, result, context);
    } else {
        run_once(original, program, plan, request, verifier, result, context);
    }
    result.norm_error = drift.largest();
    result.stage_seconds = clock.seconds();
    result.verification = verifier.report();
    return result;
}

#define KETJET_INSTANTIATE(T)                                                                                         \
    template std::vector<std::uint64_t> run_stages<T>(const Program&, const Plan&, StateVector<T>&, const PhiloxKey&, \
                                                      const RunContext&);                                             \
    template RunResult<T> run<T>(const Program&, const Plan&, const RunRequest&, const RunContext&);
KETJET_INSTANTIATE(float)
KETJET_INSTANTIATE(double)
#undef KETJET_INSTANTIATE

}  // namespace ketjet
