#include "exec/ready_sweeps.hpp"

#include <algorithm>
#include <bit>
#include <complex>
#include <utility>
#include <variant>

#include "emit/emit_sweep.hpp"
#include "exec/write_out.hpp"

namespace ketjet {

template <class T>
ReadySweeps<T>::ReadySweeps(std::shared_ptr<const Plan> plan, const KernelTable& kernels)
    : plan_(std::move(plan)),
      kernels_(kernels),
      program_(plan_->program),
      context_{kernels, 1, StopToken(never_stopped_), plan_->machine},
      runner_(kernels_of<T>(kernels), context_.stop, cache_share<T>(plan_->state_qubits, context_)) {}

template <class T>
bool ReadySweeps<T>::goes_straight_through(const Plan& plan) {
    return std::ranges::all_of(plan.stages, [](const Stage& stage) {
        return std::holds_alternative<Sweep>(stage) || std::holds_alternative<Extend>(stage);
    });
}

template <class T>
bool ReadySweeps<T>::have(std::span<const double> slots) const {
    const auto bits = [](double slot) { return std::bit_cast<std::uint64_t>(slot); };
    return sweeps_.size() == plan_->stages.size() && std::ranges::equal(slots, program_.slots(), {}, bits, bits);
}

template <class T>
std::size_t ReadySweeps<T>::bytes() const {
    std::size_t sum = 0;
    for (const BoundSweep& sweep : sweeps_) sum += sweep.arena.bytes() + sweep.temporaries.bytes();
    return sum;
}

template <class T>
void ReadySweeps<T>::emit(std::span<const double> slots) {
    std::vector<BoundSweep> sweeps = std::exchange(sweeps_, {});  // which are of no use if emitting fails
    sweeps.resize(plan_->stages.size());
    program_ = plan_->program.with_slots({slots.begin(), slots.end()});
    for (std::size_t stage = 0; stage < sweeps.size(); ++stage) {
        if (const auto* const sweep = std::get_if<Sweep>(&plan_->stages[stage])) {
            emit_sweep<T>(program_, *sweep, kernels_of<T>(kernels_), sweeps[stage]);
        }
    }
    sweeps_ = std::move(sweeps);
}

template <class T>
std::int64_t ReadySweeps<T>::run(std::span<const double> slots, StateVector<T>& state) {
    if (!have(slots)) emit(slots);
    std::size_t amplitudes = 0;
    for (std::size_t stage = 0; stage < sweeps_.size(); ++stage) {
        if (const auto* const extend = std::get_if<Extend>(&plan_->stages[stage])) {
            extend_state(state, extend->active, context_);
            continue;
        }
        const BoundSweep& sweep = sweeps_[stage];
        const std::size_t blocks = sweep.blocks();
        runner_.prepare(sweep);
        for (std::size_t number = 0; number < blocks; ++number) {
            const Index base = deposit_bits(number, sweep.cold_mask);
            runner_.run({base, state.scalars() + 2 * base}, nullptr, {}, true);
        }
        amplitudes += blocks << sweep.block_qubits;
    }
    state.set_active(plan_->active_after());
    return static_cast<std::int64_t>(2 * sizeof(std::complex<T>) * amplitudes);
}

template class ReadySweeps<float>;
template class ReadySweeps<double>;

}  // namespace ketjet
