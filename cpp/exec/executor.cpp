// run_sweeps: the leader of the team binds a sweep, all members share out its blocks, and so on to the last sweep.
#include "exec/executor.hpp"

#include <algorithm>
#include <optional>
#include <variant>

#include "base/parallel.hpp"
#include "exec/block_runner.hpp"
#include "exec/expected_work.hpp"
#include "exec/verify.hpp"

namespace ketjet {

template <>
const Kernels& kernels_of<float>(const KernelTable& table) {
    return table.single;
}
template <>
const Kernels& kernels_of<double>(const KernelTable& table) {
    return table.double_;
}

namespace {

std::size_t blocks_of(const BoundSweep& sweep) { return std::size_t{1} << count_bits(sweep.cold_mask); }

// What a state takes over what the last-level cache holds.
template <class T>
double cache_share(int state_qubits, const RunContext& context) {
    const double bytes = static_cast<double>(bit(state_qubits)) * sizeof(std::complex<T>);
    return bytes / static_cast<double>(std::max<std::int64_t>(context.l3_bytes, 1));
}

}  // namespace

template <class T>
void extend_state(StateVector<T>& state, Index active, const RunContext& context) {
    const Index inactive = low_bits(state.stored_qubits()) & ~active;
    if (inactive == 0) return;
    const Index size = state.stored_size(), chunk = std::min(size, Index{1} << 16);
    const Index run = std::min(chunk, inactive & (~inactive + 1));  // all of it is cleared, or nothing
    std::complex<T>* const amplitudes = state.amplitudes();
    parallel_for(size > chunk ? context.threads : 1, static_cast<std::int64_t>(size / chunk),
                 [&](std::int64_t begin, std::int64_t end) {
                     for (Index first = static_cast<Index>(begin) * chunk; first < static_cast<Index>(end) * chunk;
                          first += chunk) {
                         context.stop.throw_if_stopped();
                         const Index step = (first & inactive) != 0 ? chunk : run;
                         for (Index i = first; i < first + chunk; i += step) {
                             if ((i & inactive) != 0) std::fill_n(amplitudes + i, step, std::complex<T>(0));
                         }
                     }
                 });
    if (active == 0) amplitudes[0] = 1;
}

template <class T>
void copy_state(const StateVector<T>& source, StateVector<T>& target, const RunContext& context) {
    constexpr std::int64_t chunk = 1 << 16;
    const auto size = static_cast<std::int64_t>(source.stored_size());
    parallel_for(
        size > chunk ? context.threads : 1, (size + chunk - 1) / chunk, [&](std::int64_t begin, std::int64_t end) {
            for (std::int64_t first = begin * chunk; first < std::min(end * chunk, size); first += chunk) {
                context.stop.throw_if_stopped();
                const std::int64_t last = std::min(first + chunk, size);
                std::copy(source.amplitudes() + first, source.amplitudes() + last, target.amplitudes() + first);
            }
        });
}

template <class T>
void run_sweeps(const Program& program, std::span<const Stage> sweeps, StateVector<T>& state, const RunContext& context,
                const StageSweeps<T>* kept) {
    if (sweeps.empty()) return;
    RunCounters& counters = context.stop.counters();
    std::optional<BoundSweep> own;
    const BoundSweep* bound = nullptr;
    StageClock::Time start = StageClock::now();  // the leader's
    run_team(context.threads, [&](Team& team) {
        BlockRunner<T> runner(kernels_of<T>(context.kernels), context.stop,
                              cache_share<T>(state.stored_qubits(), context));
        for (const Stage& stage : sweeps) {
            if (team.rank() == 0) {
                bound = kept != nullptr ? kept->find(stage) : nullptr;
                if (bound == nullptr) {
                    bound =
                        &own.emplace(bind_sweep<T>(program, std::get<Sweep>(stage), kernels_of<T>(context.kernels)));
                }
                if (context.norms != nullptr) context.norms->assign(blocks_of(*bound), 0);
                if (context.verifier != nullptr) context.verifier->begin_norm(stage);
            }
            team.barrier();
            runner.prepare(*bound);
            const Index block_bytes = bit(bound->block_qubits) * sizeof(std::complex<T>);
            const auto blocks = static_cast<std::int64_t>(blocks_of(*bound));
            const auto range = team.share(blocks);
            const std::int64_t work = context.clock != nullptr ? context.clock->work_of(stage) : 0;
            const bool touches = context.first_touch != nullptr && context.first_touch->is_in(stage);
            if (touches && team.rank() == 0) context.first_touch->begin(stage);
            const bool measures = context.norms != nullptr && &stage == &sweeps.back();
            for (std::int64_t block = range.begin; block < range.end; ++block) {
                const Index base = deposit_bits(static_cast<Index>(block), bound->cold_mask);
                const Index next = deposit_bits(static_cast<Index>(block + 1), bound->cold_mask);
                double* const norm = measures ? &(*context.norms)[static_cast<std::size_t>(block)] : nullptr;
                runner.run({base, state.scalars() + 2 * base},
                           block + 1 < range.end ? state.scalars() + 2 * next : nullptr, norm);
                counters.bytes_moved.fetch_add(static_cast<std::int64_t>(2 * block_bytes), std::memory_order_relaxed);
                if (touches && team.rank() == 0) {
                    const auto done = static_cast<double>(block + 1 - range.begin);
                    context.first_touch->go_on(done / static_cast<double>(range.end - range.begin));
                }
                if (blocks > 1 && work >= blocks && !touches)
                    counters.work_done.fetch_add(work / blocks, std::memory_order_relaxed);
            }
            team.barrier();
            if (team.rank() == 0) {
                counters.stages_done.fetch_add(1, std::memory_order_relaxed);
                const std::int64_t rest = touches ? 0 : blocks > 1 ? work % blocks : work;
                counters.work_done.fetch_add(rest, std::memory_order_relaxed);
                if (context.clock != nullptr) start = context.clock->add(stage, start);
            }
            if (context.verifier != nullptr) context.verifier->check_norm(stage, state, context.stop, team);
        }
    });
}

template <class T>
void run_block(const BoundSweep& sweep, Index base, T* origin, int state_qubits, const RunContext& context) {
    BlockRunner<T> runner(kernels_of<T>(context.kernels), context.stop, cache_share<T>(state_qubits, context));
    runner.prepare(sweep);
    runner.run({base, origin}, nullptr, nullptr);
}

#define KETJET_INSTANTIATE(T)                                                                               \
    template void extend_state<T>(StateVector<T>&, Index, const RunContext&);                               \
    template void copy_state<T>(const StateVector<T>&, StateVector<T>&, const RunContext&);                 \
    template void run_block<T>(const BoundSweep&, Index, T*, int, const RunContext&);                       \
    template void run_sweeps<T>(const Program&, std::span<const Stage>, StateVector<T>&, const RunContext&, \
                                const StageSweeps<T>*);
KETJET_INSTANTIATE(float)
KETJET_INSTANTIATE(double)
#undef KETJET_INSTANTIATE

}  // namespace ketjet
