// run_sweeps: the leader of the team binds a sweep, all members share out its blocks, and so on to the last sweep.
#include "exec/executor.hpp"

#include <algorithm>
#include <cstring>
#include <memory>
#include <optional>
#include <variant>

#include "base/parallel.hpp"
#include "exec/bound_sweep.hpp"

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

constexpr std::size_t rows_between_polls = 16;

// One thread's block and the scratch behind it.
template <class T>
class Workspace {
 public:
    void reserve(const BoundSweep& sweep) {
        const std::size_t block_bytes = (std::size_t{2} << sweep.block_qubits) * sizeof(T);
        const std::size_t needed = block_bytes + sweep.scratch_bytes;
        if (buffer_.bytes() < needed) {
            buffer_.reset();
            buffer_ = AlignedBuffer(needed);
        }
        scratch_offset_ = block_bytes;
    }
    T* block() const { return static_cast<T*>(buffer_.data()); }
    void* scratch() const { return static_cast<std::byte*>(buffer_.data()) + scratch_offset_; }

 private:
    AlignedBuffer buffer_;
    std::size_t scratch_offset_ = 0;
};

const void* shifted(const void* pointer, std::size_t bytes) { return static_cast<const std::byte*>(pointer) + bytes; }

// Writes a block back. The first sweep over new memory maps it, a huge page for every few rows, which takes far longer
// than the rows: hence the stop token is polled in between.
template <class T>
void scatter_block(const BoundSweep& sweep, T* origin, const T* block, const RunContext& context) {
    const bool maps_memory = sweep.from_zero || sweep.zero_mask != 0;
    const std::size_t rows = sweep.row_offsets.size(), step = maps_memory ? rows_between_polls : rows;
    for (std::size_t row = 0; row < rows; row += step) {
        if (row != 0) context.stop.throw_if_stopped();
        kernels_of<T>(context.kernels)
            .scatter(origin, block + 2 * (row << sweep.run_bits),
                     {sweep.row_offsets.data() + row, std::min(step, rows - row), sweep.run_bits, 0});
    }
}

// One pass on one block; copies of the arguments carry what depends on the block.
struct PassRunner {
    const Kernels& kernels;
    void* block;
    void* scratch;
    const BoundPass& pass;
    Index base;

    std::size_t table_offset() const { return extract_bits(base, pass.cold_selector) * pass.table_bytes; }

    void operator()(DenseArgs args) const {
        args.coefficients = shifted(args.coefficients, table_offset());
        args.scratch = scratch;
        kernels.dense(block, args);
    }
    void operator()(DiagonalArgs args) const {
        args.coefficients = shifted(args.coefficients, table_offset());
        kernels.diagonal(block, args);
    }
    void operator()(const ExchangeArgs& args) const { kernels.exchange(block, args); }
    void operator()(RotationArgs args) const {
        if (parity(base & pass.cold_selector)) {
            args.first = shifted(args.first, pass.table_bytes);
            args.second = shifted(args.second, pass.table_bytes);
        }
        kernels.rotation(block, args);
    }
};

template <class T>
void run_block(const BoundSweep& sweep, Index base, T* state, const Workspace<T>& workspace,
               const RunContext& context) {
    const Kernels& kernels = kernels_of<T>(context.kernels);
    const CopyArgs rows{sweep.row_offsets.data(), sweep.row_offsets.size(), sweep.run_bits, sweep.zero_mask};
    T* const origin = state + 2 * base;
    if (sweep.from_zero) {
        std::memset(workspace.block(), 0, (std::size_t{2} << sweep.block_qubits) * sizeof(T));
        workspace.block()[0] = 1;
    } else {
        kernels.gather(origin, workspace.block(), rows);
    }
    for (const BoundPass& pass : sweep.passes) {
        context.stop.throw_if_stopped();
        if ((base & pass.cold.mask) != pass.cold.value) continue;
        std::visit(PassRunner{kernels, workspace.block(), workspace.scratch(), pass, base}, pass.call);
    }
    scatter_block(sweep, origin, workspace.block(), context);
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
void run_sweeps(const Program& program, std::span<const Stage> sweeps, StateVector<T>& state,
                const RunContext& context) {
    if (sweeps.empty()) return;
    RunCounters& counters = context.stop.counters();
    std::optional<BoundSweep> bound;
    run_team(context.threads, [&](Team& team) {
        Workspace<T> workspace;
        for (const Stage& stage : sweeps) {
            if (team.rank() == 0) {
                bound.emplace(bind_sweep<T>(program, std::get<Sweep>(stage), kernels_of<T>(context.kernels).lane_bits));
            }
            team.barrier();
            workspace.reserve(*bound);
            const Index block_bytes = bit(bound->block_qubits) * sizeof(std::complex<T>);
            const auto range = team.share(static_cast<std::int64_t>(bit(count_bits(bound->cold_mask))));
            for (std::int64_t block = range.begin; block < range.end; ++block) {
                const Index base = deposit_bits(static_cast<Index>(block), bound->cold_mask);
                run_block(*bound, base, state.scalars(), workspace, context);
                counters.bytes_moved.fetch_add(static_cast<std::int64_t>(2 * block_bytes), std::memory_order_relaxed);
            }
            team.barrier();
            if (team.rank() == 0) counters.stages_done.fetch_add(1, std::memory_order_relaxed);
        }
    });
}

#define KETJET_INSTANTIATE(T)                                                               \
    template void extend_state<T>(StateVector<T>&, Index, const RunContext&);               \
    template void copy_state<T>(const StateVector<T>&, StateVector<T>&, const RunContext&); \
    template void run_sweeps<T>(const Program&, std::span<const Stage>, StateVector<T>&, const RunContext&);
KETJET_INSTANTIATE(float)
KETJET_INSTANTIATE(double)
#undef KETJET_INSTANTIATE

}  // namespace ketjet
