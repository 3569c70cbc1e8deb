// run_sweeps: the members of a team share out the blocks of a sweep and emit those to come, and so on to the last
// sweep.
#include "exec/executor.hpp"

#include <algorithm>
#include <atomic>
#include <vector>

#include "base/parallel.hpp"
#include "emit/emit_sweep.hpp"
#include "exec/block_runner.hpp"
#include "exec/block_shares.hpp"
#include "exec/stage_clock.hpp"
#include "exec/sweeps_ahead.hpp"
#include "exec/tuning.hpp"

namespace ketjet {

template <class T>
void run_sweeps(const BoundPlan& bound, StageRange sweeps, const StageSweeps<T>& kept, StateVector<T>& state,
                const BesideState& beside, const RunContext& context) {
    if (sweeps.size() == 0) return;
    RunCounters& counters = context.stop.counters();
    const Kernels& kernels = kernels_of<T>(context.kernels);
    SweepNorms* const norms = beside.norms;
    SweepReadings* const readings = beside.readings;
    const auto reads_in = [&](std::size_t stage) { return readings != nullptr && readings->stage() == stage; };
    SweepsAhead ahead(
        sweeps.size(),
        [&](std::size_t i) {
            const std::size_t stage = sweeps.begin + i;
            const SweepReading reading = reads_in(stage) ? readings->reading() : SweepReading{};
            return emit_sweep<T>(bound.program, bound.sweep(stage), kernels, reading);
        },
        [&](std::size_t i) { return reads_in(sweeps.begin + i) ? nullptr : kept.find(sweeps.begin + i); });
    BlockShares shares(static_cast<std::size_t>(std::max(context.threads, 1)));
    std::atomic<std::size_t> blocks_done{0};
    std::atomic<int> at_work{0};                 // members that still find blocks
    StageClock::Time start = StageClock::now();  // the leader's
    run_team(context.threads, [&](Team& team) {
        const auto rank = static_cast<std::size_t>(team.rank());
        BlockRunner<T> runner(kernels, context.stop, cache_share<T>(state.stored_qubits(), context));
        if (rank == 1 && sweeps.size() > 1) ahead.emit(1);
        for (std::size_t i = 0; i < sweeps.size(); ++i) {
            const std::size_t stage = sweeps.begin + i;
            const bool reads = reads_in(stage);
            const bool writes = !reads || readings->writes();
            const bool measures = norms != nullptr && i + 1 == sweeps.size() && writes;
            if (rank == 0) {
                ahead.emit(i);
                const std::size_t blocks = ahead[i].blocks();
                shares.fill(blocks, static_cast<std::size_t>(team.size()));
                blocks_done.store(0, std::memory_order_relaxed);
                at_work.store(team.size(), std::memory_order_relaxed);
                if (measures) norms->begin(ahead[i], blocks);
                context.observers.begin(stage);
            }
            team.barrier();
            const BoundSweep& sweep = ahead[i];
            ahead.emit_after(i, 1, [&] { return team.size() > 1; });
            runner.prepare(sweep);
            std::vector<ExactSum> sums(reads ? readings->strings().size() : 0);
            runner.add_readings_to(sums);
            if (context.observers.time_passes()) runner.begin_times(bound.sweep(stage).passes.size());
            const Index block_bytes = bit(sweep.block_qubits) * sizeof(std::complex<T>);
            const std::size_t blocks = sweep.blocks();
            for (auto block = shares.take(rank); block;) {
                const auto next = shares.take(rank);
                const auto base_of = [&](std::size_t number) { return deposit_bits(number, sweep.cold_mask); };
                const Index base = base_of(*block);
                const T* const ahead_of_block = next ? state.scalars() + 2 * base_of(*next) : nullptr;
                runner.run({base, state.scalars() + 2 * base}, ahead_of_block,
                           measures ? norms->of_block(*block, base) : SweepNorms::Place{}, writes);
                counters.bytes_moved.fetch_add(static_cast<std::int64_t>((writes ? 2 : 1) * block_bytes),
                                               std::memory_order_relaxed);
                const std::size_t done = blocks_done.fetch_add(1, std::memory_order_relaxed) + 1;
                context.observers.advance(stage, done, blocks, rank == 0);
                block = next;
            }
            if (reads) readings->add(sums);
            at_work.fetch_sub(1, std::memory_order_relaxed);
            if (context.observers.time_passes()) context.observers.add_times(stage, runner.times());
            ahead.emit_after(i, max_sweeps_ahead, [&] { return at_work.load(std::memory_order_relaxed) > 0; });
            team.barrier();
            if (rank == 0) {
                ahead.drop(i);
                const StageClock::Time end = StageClock::now();
                context.observers.end(stage, blocks, std::chrono::duration<double>(end - start).count());
                start = end;
            }
            context.observers.inspect(stage, state, context.stop, team);
        }
    });
}

template <class T>
void run_block(const BoundSweep& sweep, Index base, T* origin, int state_qubits, const RunContext& context) {
    BlockRunner<T> runner(kernels_of<T>(context.kernels), context.stop, cache_share<T>(state_qubits, context));
    runner.prepare(sweep);
    runner.run({base, origin}, nullptr, {}, true);
}

#define KETJET_INSTANTIATE(T)                                                                         \
    template void run_block<T>(const BoundSweep&, Index, T*, int, const RunContext&);                 \
    template void run_sweeps<T>(const BoundPlan&, StageRange, const StageSweeps<T>&, StateVector<T>&, \
                                const BesideState&, const RunContext&);
KETJET_INSTANTIATE(float)
KETJET_INSTANTIATE(double)
#undef KETJET_INSTANTIATE

}  // namespace ketjet
