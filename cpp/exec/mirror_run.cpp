#include "exec/mirror_run.hpp"

#include <atomic>
#include <chrono>
#include <cmath>
#include <mutex>
#include <optional>
#include <vector>

#include "base/exact_sum.hpp"
#include "base/parallel.hpp"
#include "emit/emit_sweep.hpp"
#include "exec/block_runner.hpp"
#include "exec/block_shares.hpp"
#include "exec/stage_clock.hpp"
#include "exec/sweeps_ahead.hpp"
#include "exec/tuning.hpp"

namespace ketjet {

namespace {

// The same block of a ket and of bras on one thread. Readings are added up for each bra.
template <class T>
class BlocksRunner {
 public:
    BlocksRunner(StateVector<T>& ket, std::span<StateVector<T>* const> bras, const RunContext& context)
        : states_(bras.begin(), bras.end()) {
        states_.insert(states_.begin(), &ket);
        const double share = cache_share<T>(ket.stored_qubits(), context) * static_cast<double>(states_.size());
        runners_.reserve(states_.size());
        for (std::size_t i = 0; i < states_.size(); ++i) {
            runners_.emplace_back(kernels_of<T>(context.kernels), context.stop, share);
        }
    }

    std::size_t states() const { return states_.size(); }

    void prepare(const BoundSweep& sweep) {
        sweep_ = &sweep;
        for (BlockRunner<T>& runner : runners_) runner.prepare(sweep);
        sums_.assign((states_.size() - 1) * sweep.readings, {});
    }

    void run(Index base, std::optional<Index> next) {
        for (std::size_t i = 0; i < states_.size(); ++i) {
            T* const scalars = states_[i]->scalars();
            runners_[i].begin({base, scalars + 2 * base}, next ? scalars + 2 * *next : nullptr);
        }
        for (const BoundCall& call : sweep_->calls) {
            if (reads(call.call)) {
                read(call);
            } else {
                for (BlockRunner<T>& runner : runners_) runner.call(call, nullptr);
            }
        }
        for (BlockRunner<T>& runner : runners_) runner.end({});
    }

    // By bra, then by reading.
    std::span<const ExactSum> sums() const { return sums_; }

 private:
    void read(const BoundCall& call) {
        for (std::size_t i = 1; i < runners_.size(); ++i) {
            runners_.front().add_readings_to(std::span(sums_).subspan((i - 1) * sweep_->readings, sweep_->readings));
            runners_.front().call(call, runners_[i].block());
        }
    }

    std::vector<StateVector<T>*> states_;  // the ket first
    std::vector<BlockRunner<T>> runners_;
    const BoundSweep* sweep_ = nullptr;
    std::vector<ExactSum> sums_;
};

// The sums of all threads, which they come to in any order.
class Readings {
 public:
    void begin(std::size_t count) { sums_.assign(count, {}); }
    void add(std::span<const ExactSum> sums) {
        const std::lock_guard lock(mutex_);
        for (std::size_t i = 0; i < sums.size(); ++i) sums_[i].add(sums[i]);
    }
    void give_to(std::span<double> derivatives, const BoundSweep& sweep) const {
        const std::size_t bras = sweep.readings == 0 ? 0 : sums_.size() / sweep.readings;
        for (std::size_t bra = 0; bra < bras; ++bra) {
            const auto own = derivatives.subspan(bra * (derivatives.size() / bras), derivatives.size() / bras);
            for (const auto& [slot, reading, factor] : sweep.slot_shares) {
                own[slot] += factor * sums_[bra * sweep.readings + reading].value();
            }
        }
    }

 private:
    std::mutex mutex_;
    std::vector<ExactSum> sums_;
};

}  // namespace

template <class T>
void run_mirror(const Program& program, const Mirror& mirror, StateVector<T>& ket,
                std::span<StateVector<T>* const> bras, std::size_t first_stage, std::span<double> derivatives,
                const RunContext& context) {
    const std::size_t sweeps = mirror.sweeps.size();
    if (sweeps == 0) return;
    const Kernels& kernels = kernels_of<T>(context.kernels);
    RunCounters& counters = context.stop.counters();
    SweepsAhead ahead(
        sweeps, [&](std::size_t i) { return emit_mirrored<T>(program, mirror.sweeps[i], kernels); },
        [](std::size_t) -> const BoundSweep* { return nullptr; });
    BlockShares shares(static_cast<std::size_t>(std::max(context.threads, 1)));
    Readings readings;
    std::atomic<std::size_t> blocks_done{0};
    std::atomic<int> at_work{0};                 // members that still find blocks
    StageClock::Time start = StageClock::now();  // the leader's
    run_team(context.threads, [&](Team& team) {
        const auto rank = static_cast<std::size_t>(team.rank());
        BlocksRunner<T> runner(ket, bras, context);
        for (std::size_t i = 0; i < sweeps; ++i) {
            const std::size_t stage = first_stage + i;
            if (rank == 0) {
                ahead.emit(i);
                shares.fill(ahead[i].blocks(), static_cast<std::size_t>(team.size()));
                blocks_done.store(0, std::memory_order_relaxed);
                at_work.store(team.size(), std::memory_order_relaxed);
                readings.begin(bras.size() * ahead[i].readings);
                context.observers.begin(stage);
            }
            team.barrier();
            const BoundSweep& sweep = ahead[i];
            ahead.emit_after(i, 1, [&] { return team.size() > 1; });
            runner.prepare(sweep);
            const std::size_t blocks = sweep.blocks();
            const Index block_bytes = bit(sweep.block_qubits) * sizeof(std::complex<T>);
            const auto moved = static_cast<std::int64_t>(2 * block_bytes * runner.states());
            const auto base_of = [&](std::size_t number) { return deposit_bits(number, sweep.cold_mask); };
            for (auto block = shares.take(rank); block;) {
                const auto next = shares.take(rank);
                runner.run(base_of(*block), next ? std::optional(base_of(*next)) : std::nullopt);
                counters.bytes_moved.fetch_add(moved, std::memory_order_relaxed);
                const std::size_t done = blocks_done.fetch_add(1, std::memory_order_relaxed) + 1;
                context.observers.advance(stage, done, blocks, rank == 0);
                block = next;
            }
            readings.add(runner.sums());
            at_work.fetch_sub(1, std::memory_order_relaxed);
            ahead.emit_after(i, max_sweeps_ahead, [&] { return at_work.load(std::memory_order_relaxed) > 0; });
            team.barrier();
            if (rank != 0) continue;
            readings.give_to(derivatives, sweep);
            ahead.drop(i);
            const StageClock::Time end = StageClock::now();
            context.observers.end(stage, blocks, std::chrono::duration<double>(end - start).count());
            start = end;
        }
    });
}

template <class T>
double adjoint_residual(const StateVector<T>& ket) {
    return std::abs(1.0 - static_cast<Complex>(ket.amplitudes()[0]));
}

#define KETJET_INSTANTIATE(T)                                                                                     \
    template void run_mirror<T>(const Program&, const Mirror&, StateVector<T>&, std::span<StateVector<T>* const>, \
                                std::size_t, std::span<double>, const RunContext&);                               \
    template double adjoint_residual<T>(const StateVector<T>&);
KETJET_INSTANTIATE(float)
KETJET_INSTANTIATE(double)
#undef KETJET_INSTANTIATE

}  // namespace ketjet
