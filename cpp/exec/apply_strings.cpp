// As for readings, one sweep serves all strings that flip the same cold qubits; a block of the state is gathered, and
// what the strings make of it is added to a block of the result.
#include "exec/apply_strings.hpp"

#include <algorithm>
#include <complex>
#include <span>
#include <vector>

#include "emit/emit_sweep.hpp"
#include "exec/block_runner.hpp"
#include "exec/shared_work.hpp"
#include "plan/reading_plan.hpp"
#include "state/chunks.hpp"

namespace ketjet {

namespace {

// Adds what the strings of a sweep make of the state to the result, or writes it there. Counts so much work as
// progress.
template <class T>
void apply_sweep(const ReadSweep& read, bool writes, const Application& sum, const StateVector<T>& state,
                 StateVector<T>& result, std::int64_t work, const RunContext& context) {
    const Kernels& kernels = kernels_of<T>(context.kernels);
    Sweep sweep{};
    sweep.hot = read.hot;
    sweep.active = low_bits(state.stored_qubits());
    const BoundSweep bound = emit_apply_sweep<T>(sweep, {sum.strings, sum.coefficients, read.strings}, kernels);
    const SharedWork counted(context.stop, work, bound.blocks());
    const double share = 2 * cache_share<T>(state.stored_qubits(), context);
    for_shares(bound.blocks(), state.stored_size() * read.strings.size(), context.walk(),
               [&](std::size_t begin, std::size_t end) {
                   BlockRunner<T> ket(kernels, context.stop, share), bra(kernels, context.stop, share);
                   ket.prepare(bound);
                   bra.prepare(bound);
                   for (std::size_t block = begin; block < end; ++block) {
                       const Index base = deposit_bits(block, bound.cold_mask), paired = base ^ read.paired;
                       ket.load({paired, state.scalars() + 2 * paired});
                       if (writes) {
                           bra.clear({base, result.scalars() + 2 * base});
                       } else {
                           bra.begin({base, result.scalars() + 2 * base}, nullptr);
                       }
                       for (const BoundCall& call : bound.calls) ket.call_with(call, bra, true);
                       bra.end({});
                       counted.part_is_done();
                   }
               });
}

}  // namespace

template <class T>
void apply_strings(const Application& sum, const StateVector<T>& state, StateVector<T>& result, std::int64_t work,
                   const RunContext& context) {
    constexpr Precision precision = sizeof(T) == sizeof(float) ? Precision::single : Precision::double_;
    const std::vector<ReadSweep> sweeps =
        plan_readings(sum.strings, sum.applied, context.machine, precision, state.stored_qubits());
    for (std::size_t sweep = 0; sweep < sweeps.size(); ++sweep) {
        apply_sweep(sweeps[sweep], sweep == 0, sum, state, result, work / static_cast<std::int64_t>(sweeps.size()),
                    context);
    }
    if (sweeps.empty()) {
        for_chunks(result.stored_size(), context.walk(),
                   [&](const Chunk& chunk) { std::ranges::fill(chunk.of(result), std::complex<T>(0)); });
    }
    result.set_all_active();
}

#define KETJET_INSTANTIATE(T)                                                                                \
    template void apply_strings<T>(const Application&, const StateVector<T>&, StateVector<T>&, std::int64_t, \
                                   const RunContext&);
KETJET_INSTANTIATE(float)
KETJET_INSTANTIATE(double)
#undef KETJET_INSTANTIATE

}  // namespace ketjet
