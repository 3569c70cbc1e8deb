// The adjoint method: the state and, for each gradient, the observable times the state go back through the program
// together (run/way_back.hpp). Luo, Liu, Zhang and Wang, Quantum 4, 341 (2020); Jones and Gacon, arXiv:2009.02823.
#include "run/gradient.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <numeric>
#include <span>
#include <stdexcept>
#include <utility>

#include "base/memory_budget.hpp"
#include "exec/expected_work.hpp"
#include "exec/mirror_run.hpp"
#include "exec/stage_progress.hpp"
#include "exec/sweep_readings.hpp"
#include "plan/reading_cost.hpp"
#include "readout/expectations.hpp"
#include "run/way_back.hpp"
#include "shots/run_stages.hpp"

namespace ketjet {

namespace {

// The observables' sum, with their weights.
ObservableSet weighted_sum(const ObservableSet& observables, std::span<const double> weights) {
    if (weights.size() != observables.size()) {
        throw std::invalid_argument("there are " + std::to_string(observables.size()) + " observables, but " +
                                    std::to_string(weights.size()) + " weights");
    }
    const std::span<const PauliString> strings = observables.strings();
    SparseRows row{{0, static_cast<std::uint32_t>(strings.size())},
                   std::vector<std::uint32_t>(strings.size()),
                   std::vector<double>(strings.size())};
    std::iota(row.columns.begin(), row.columns.end(), 0u);
    for (std::size_t k = 0; k < observables.size(); ++k) {
        const auto columns = observables.columns(k);
        for (std::size_t i = 0; i < columns.size(); ++i) {
            row.coefficients[columns[i]] += weights[k] * observables.coefficients(k)[i];
        }
    }
    return {{strings.begin(), strings.end()}, std::move(row)};
}

// Whether a derivative by it is wanted, of each slot. Throws std::invalid_argument.
std::vector<char> wanted_of(const GradientRequest& request, std::size_t slots) {
    if (!request.slots) return std::vector<char>(slots, 1);
    std::vector<char> wanted(slots);
    for (const std::uint32_t slot : *request.slots) {
        if (slot >= slots) throw std::invalid_argument("there is no slot " + std::to_string(slot));
        wanted[slot] = 1;
    }
    return wanted;
}

// Of each stage of the plan, then of each sweep of the mirror.
std::vector<std::int64_t> work_of(const MirroredPlan& mirrored, std::size_t states, int threads) {
    std::vector<std::int64_t> work = stage_work(*mirrored.plan, threads);
    std::ranges::transform(mirror_seconds(mirrored, states, threads), std::back_inserter(work), nanoseconds);
    return work;
}

// What an observable makes of a state takes about as long as reading it.
std::int64_t application_work(const ObservableSet& observables, const Plan& plan, int threads) {
    if (!counts_reading(plan, observables.strings().size())) return 0;
    return nanoseconds(state_reading_seconds(plan, observables.strings(), threads) /
                       static_cast<double>(std::max<std::size_t>(observables.size(), 1)));
}

// Runs the stages, and returns the values of the observables in the state that they leave.
template <class T>
std::vector<double> run_and_read(const BoundPlan& bound, const ObservableSet& observables, SweepReadings& readings,
                                 StateVector<T>& state, const RunContext& context) {
    run_stages(bound, state, {}, {nullptr, &readings}, context);
    readings.read_rest(state, context);
    const SavesVector<double> values = expectations(observables, readings.sums());
    return {values.begin(), values.end()};
}

// The larger of two errors; what is not a number is larger than all.
double worse(double error, double other) { return error > other || std::isnan(error) ? error : other; }

}  // namespace

template <class T>
GradientResult gradient(const MirroredPlan& mirrored, const Program& program, const GradientRequest& request,
                        const RunContext& given) {
    const BoundPlan bound(mirrored.plan, program);
    const Plan& plan = *bound.plan;
    const ObservableSet& given_observables = *request.observables;
    const ObservableSet observables =
        request.weights.empty() ? given_observables : weighted_sum(given_observables, request.weights);
    check_support(given_observables, plan.num_qubits);
    const std::size_t rows = observables.size(), slots = program.slots().size();
    const auto bras =
        static_cast<std::size_t>(std::clamp(request.max_states - 1, 1, std::max(static_cast<int>(rows), 1)));
    const std::size_t rounds = (rows + bras - 1) / bras, steps = plan.stages.size() + mirrored.mirror.sweeps.size();
    RunContext context{given.kernels, given.threads, given.stop, plan.machine};
    RunCounters& counters = context.stop.counters();
    const bool undoes = !mirrored.mirror.sweeps.empty(), reads_strings = !request.weights.empty() || !undoes;
    std::vector<std::int64_t> work = work_of(mirrored, bras + 1, context.threads);
    const auto strings = given_observables.strings();
    SweepReadings readings(plan,
                           reads_strings ? std::vector(strings.begin(), strings.end()) : std::vector<PauliString>());
    const std::int64_t reading_work = readings.add_work(plan, context.threads, work);
    const std::int64_t applying_work = undoes ? application_work(observables, plan, context.threads) : 0;
    StageProgress progress(work, counters);
    context.stop.throw_if_stopped();
    counters.stages_total.store(static_cast<std::int64_t>(rounds * steps), std::memory_order_relaxed);
    counters.work_total.store(
        std::accumulate(work.begin(), work.end(), std::int64_t{0}) * static_cast<std::int64_t>(rounds) + reading_work +
            applying_work * static_cast<std::int64_t>(rows),
        std::memory_order_relaxed);
    MemoryBudget budget(request.memory_limit, request.promised_bytes, request.kept_bytes, counters.bytes_held);
    const MemoryBudget::Scope charged(&budget);
    StageObserver* const observers[] = {&progress};
    context.observers = StageObservers(observers);

    GradientResult result;
    result.rows = rows;
    result.derivatives.resize(rows * slots);
    StateVector<T> state(plan.num_qubits, plan.state_qubits);
    std::vector<StateVector<T>> applied_states;
    for (std::size_t i = 0; i < bras; ++i) applied_states.emplace_back(plan.num_qubits, plan.state_qubits);
    const std::vector<char> wanted = wanted_of(request, slots);
    std::vector<double> overlaps(rows);
    for (std::size_t first = 0; first < rows; first += bras) {
        const std::size_t count = std::min(bras, rows - first);
        if (first == 0 && reads_strings) {
            result.values = run_and_read(bound, given_observables, readings, state, context);
        } else {
            run_stages(bound, state, {}, {}, context);
        }
        if (undoes) {
            const MirrorOutcome outcome{std::span(overlaps).subspan(first, count),
                                        std::span(result.derivatives).subspan(first * slots, count * slots), wanted};
            go_back<T>(bound, mirrored.mirror, {observables, first, applying_work}, state, applied_states, outcome,
                       context);
        }
        if (mirrored.mirror.to_zero) {
            result.adjoint_residual = worse(adjoint_residual(state), result.adjoint_residual.value_or(0));
        }
    }
    if (!reads_strings) result.values = std::move(overlaps);
    return result;
}

#define KETJET_INSTANTIATE(T) \
    template GradientResult gradient<T>(const MirroredPlan&, const Program&, const GradientRequest&, const RunContext&);
KETJET_INSTANTIATE(float)
KETJET_INSTANTIATE(double)
#undef KETJET_INSTANTIATE

}  // namespace ketjet
