#include "run/tree_run.hpp"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "exec/state_norms.hpp"
#include "shots/shot_tree.hpp"

namespace ketjet {

namespace {

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

}  // namespace

template <class T>
RunResult<T> run_as_tree(const BoundPlan& bound, const RunRequest& request, std::span<const std::int64_t> stage_work,
                         Verifier& verifier, const RunContext& context) {
    RunResult<T> result;
    const Program& program = bound.program;
    SaveStore saves;
    const Walker<T> walker(bound, request, kernels_of<T>(context.kernels), saves);
    TreeResult<T> tree = run_tree<T>(walker, stage_work, request.verify == Verify::off ? nullptr : &verifier, context);
    result.trajectories = tree.trajectories;
    result.readouts = tree.outcome.readouts.averages();
    result.norm_error = tree.outcome.norm_error;
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
    if (result.state != nullptr) result.note_norm(norms_of(*result.state, context).total());
    result.norm_error = std::max(result.norm_error, walker.norm_error());
    result.saves = saves.take();
    if (request.exact) {
        result.table = {words, std::move(table.keys), {}};
        result.probabilities.reserve(table.weights.size());
        for (const Weight& weight : table.weights) result.probabilities.push_back(weight.probability);
        return result;
    }
    if (request.shots == 0) return result;
    result.table = {words, std::move(table.keys), counts_of(table)};
    if (request.list_shots && chains.empty()) result.shots = list_shots(result.table, request.key, 0, context.stop);
    return result;
}

#define KETJET_INSTANTIATE(T)                                                                                \
    template RunResult<T> run_as_tree<T>(const BoundPlan&, const RunRequest&, std::span<const std::int64_t>, \
                                         Verifier&, const RunContext&);
KETJET_INSTANTIATE(float)
KETJET_INSTANTIATE(double)
#undef KETJET_INSTANTIATE

}  // namespace ketjet
