// The walk over the sweeps of a run: the members of a team share out the blocks of a sweep, emit those to come, and so
// on to the last one.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/bits.hpp"
#include "base/parallel.hpp"
#include "emit/bound_sweep.hpp"
#include "exec/block_shares.hpp"
#include "exec/run_context.hpp"
#include "exec/stage_clock.hpp"
#include "exec/sweeps_ahead.hpp"
#include "exec/tuning.hpp"
#include "plan/plan.hpp"

namespace ketjet {

// What a member of the team does.
template <class Member>
concept SweepMember = requires(Member member, std::size_t stage, const BoundSweep& sweep, std::size_t number,
                               Index base, std::optional<Index> next) {
    member.prepare(stage, sweep);
    member.run(number, base, next);  // one block; `next` is the base of the one that it will run after this, if any
    { member.bytes_moved() } -> std::same_as<std::int64_t>;  // by each block, from memory and back
    member.end(stage);                                       // no blocks are left for it
};

// What is done with the sweeps, which are numbered as stages.
template <class Work>
concept SweepWork = requires(Work work, std::size_t stage, BoundSweep& into, const BoundSweep& sweep, Team& team) {
    work.emit(stage, into);
    { work.kept(stage) } -> std::same_as<const BoundSweep*>;  // null if it has to be emitted
    { work.member() } -> SweepMember;
    work.begin(stage, sweep);   // by the leader, before all blocks
    work.end(sweep);            // by the leader, after all blocks
    work.inspect(stage, team);  // by all members together, at last
};

// Goes through a stretch of sweeps. Throws Cancelled.
template <SweepWork Work>
void walk_sweeps(Work& work, StageRange stages, const RunContext& context) {
    if (stages.size() == 0) return;
    RunCounters& counters = context.stop.counters();
    SweepsAhead ahead(
        stages, [&](std::size_t stage, BoundSweep& into) { work.emit(stage, into); },
        [&](std::size_t stage) { return work.kept(stage); }, context.spent);
    BlockShares shares(static_cast<std::size_t>(std::max(context.threads, 1)));
    std::atomic<std::size_t> blocks_done{0};
    std::atomic<int> at_work{0};                 // members that still find blocks
    StageClock::Time start = StageClock::now();  // the leader's
    run_team(context.threads, [&](Team& team) {
        const auto rank = static_cast<std::size_t>(team.rank());
        auto member = work.member();
        if (rank == 1 && stages.size() > 1) ahead.emit(1);
        for (std::size_t i = 0; i < stages.size(); ++i) {
            const std::size_t stage = stages.begin + i;
            if (rank == 0) {
                ahead.emit(i);
                shares.fill(ahead[i].blocks(), static_cast<std::size_t>(team.size()));
                blocks_done.store(0, std::memory_order_relaxed);
                at_work.store(team.size(), std::memory_order_relaxed);
                work.begin(stage, ahead[i]);
                context.observers.begin(stage);
            }
            team.barrier();
            const BoundSweep& sweep = ahead[i];
            ahead.emit_after(i, 1, [&] { return team.size() > 1; });
            member.prepare(stage, sweep);
            const std::size_t blocks = sweep.blocks();
            const auto base_of = [&](std::size_t number) { return deposit_bits(number, sweep.cold_mask); };
            for (auto block = shares.take(rank); block;) {
                const auto next = shares.take(rank);
                member.run(*block, base_of(*block), next ? std::optional(base_of(*next)) : std::nullopt);
                counters.bytes_moved.fetch_add(member.bytes_moved(), std::memory_order_relaxed);
                const std::size_t done = blocks_done.fetch_add(1, std::memory_order_relaxed) + 1;
                context.observers.advance(stage, done, blocks, rank == 0);
                block = next;
            }
            member.end(stage);
            at_work.fetch_sub(1, std::memory_order_relaxed);
            ahead.emit_after(i, max_sweeps_ahead, [&] { return at_work.load(std::memory_order_relaxed) > 0; });
            team.barrier();
            if (rank == 0) {
                work.end(sweep);
                ahead.drop(i);
                const StageClock::Time end = StageClock::now();
                context.observers.end(stage, blocks, std::chrono::duration<double>(end - start).count());
                start = end;
            }
            work.inspect(stage, team);
        }
    });
}

}  // namespace ketjet
