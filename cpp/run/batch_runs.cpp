#include "run/batch_runs.hpp"

#include <algorithm>
#include <memory>
#include <utility>
#include <variant>
#include <vector>

#include "batch/batch_run.hpp"
#include "exec/stage_clock.hpp"
#include "exec/sweep_norms.hpp"
#include "plan/by_operation.hpp"
#include "readout/expectations.hpp"
#include "run/common_part.hpp"
#include "run/final_state.hpp"

namespace ketjet {

namespace {

// Whether more is wanted of final states than values of observables.
bool needs_states(const RunRequest& request) {
    return request.keep_state || request.shots > 0 || request.readouts.empty() ||
           !std::ranges::all_of(request.readouts, is_of_observables);
}

}  // namespace

bool runs_in_batches(const Plan& plan, const RunRequest& request) {
    return runs_by_operation(plan) && !request.exact && request.verify == Verify::off && !request.time_passes;
}

template <class T>
BatchRuns<T>::BatchRuns(const Plan& plan, const RunRequest& request, std::span<const double> slots, std::size_t runs,
                        const RunContext& context)
    : plan_(plan),
      slots_(slots),
      block_(plan.num_qubits, std::min(runs, std::size_t{1} << kernels_of<T>(context.kernels).lane_bits),
             kernels_of<T>(context.kernels).lane_bits),
      needs_states_(needs_states(request)) {
    if (!request.readouts.empty()) readings_.emplace(strings_of(request.readouts, plan.num_qubits), block_);
    if (runs == 1) return;
    first_operation_ = CommonPart(plan, slots, runs).operations();
    if (first_operation_ == 0) return;
    const Kernels& kernels = kernels_of<T>(context.kernels);
    common_.emplace(plan.num_qubits, 1, kernels.lane_bits);
    common_->set_zero_state();
    run_batch(plan.program, 0, first_operation_, slots.first(plan.program.slots().size()), *common_, kernels,
              context.stop);
}

template <class T>
void BatchRuns<T>::make(std::size_t begin, std::size_t end, const RunContext& context) {
    const StageClock::Time start = StageClock::now();
    const std::size_t runs = end - begin, num_slots = plan_.program.slots().size();
    if (common_) {
        block_.set_state(*common_);
    } else {
        block_.set_zero_state();
    }
    run_batch(plan_.program, first_operation_, plan_.program.operations().size(),
              slots_.subspan(begin * num_slots, runs * num_slots), block_, kernels_of<T>(context.kernels),
              context.stop);
    if (readings_) readings_->read(context.stop);
    const double seconds = StageClock::seconds_since(start) / static_cast<double>(runs * plan_.stages.size());
    for (std::size_t run = 0; run < runs; ++run) {
        for (std::size_t stage = 0; stage < plan_.stages.size(); ++stage) {
            context.observers.begin(stage);
            context.observers.end(stage, 1, seconds);
        }
    }
}

template <class T>
RunResult<T> BatchRuns<T>::read(std::size_t k, const RunRequest& request, const BitMover& final_bits,
                                const RunContext& context) {
    RunResult<T> result;
    std::unique_ptr<StateVector<T>> state;
    if (needs_states_) {
        state = std::make_unique<StateVector<T>>(plan_.num_qubits, plan_.state_qubits);
        block_.copy_to(*state, k);
    }
    std::span<const double> strings;
    if (readings_) strings = readings_->values_of(k);
    for (const Readout& readout : request.readouts) {
        if (is_of_observables(readout)) {
            const auto& wanted = std::get<ObservablesReadout>(readout);
            const std::size_t count = wanted.observables->strings().size();
            result.readouts.push_back(wanted.of_values(expectations(*wanted.observables, strings.first(count))));
            strings = strings.subspan(count);
        } else {
            result.readouts.push_back(read_state(readout, *state, context));
        }
    }
    if (!needs_states_) {
        result.note_norm(readings_->squared_norm_of(k));
        return result;
    }
    SweepNorms none(SweepNorms::Wanted::total, plan_.state_qubits);
    sample_final_state(plan_, *state, none, request, final_bits, result, context);
    if (request.keep_state) result.state = std::move(state);
    return result;
}

template class BatchRuns<float>;
template class BatchRuns<double>;

}  // namespace ketjet
