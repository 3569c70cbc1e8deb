// run_sweeps: the leader of the team binds a sweep, all members share out its blocks, and so on to the last sweep.
#include "exec/executor.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <optional>
#include <variant>

#include "base/machine.hpp"
#include "base/parallel.hpp"
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

// Whether a state is so much larger than the last-level cache that nothing of it is left there for the next sweep.
bool outgrows_caches(std::size_t bytes) {
    static const auto cache_bytes = static_cast<std::size_t>(std::max<std::int64_t>(detect_machine().l3_bytes, 0));
    return bytes > 2 * cache_bytes;
}

std::size_t blocks_of(const BoundSweep& sweep) { return std::size_t{1} << count_bits(sweep.cold_mask); }

constexpr int most_bits = 64;

// The factors of a phase call's row or table bits on one block; null if all are one.
class ColdFactors {
 public:
    const double* of_block(std::span<const ColdFactor> factors, int bits, Index base) {
        bool any = false;
        for (const ColdFactor& factor : factors) {
            if ((base & factor.mask) != factor.mask) continue;
            if (!any) std::fill_n(values_.begin(), bits, Complex(1));
            values_[static_cast<std::size_t>(factor.bit)] *= factor.factor;
            any = true;
        }
        return any ? reinterpret_cast<const double*>(values_.data()) : nullptr;
    }

 private:
    std::array<Complex, most_bits> values_;
};

// One pass on one block; copies of the arguments carry what depends on the block. `shift` is what the passes so far
// have added to all addresses.
struct PassRunner {
    const Kernels& kernels;
    void* block;
    void* scratch;
    const BoundPass& pass;
    Index base;
    std::uint32_t& shift;

    std::size_t table_offset() const { return extract_bits(base, pass.cold_selector) * pass.table_bytes; }

    void operator()(DenseArgs args) const {
        args.vectors.map.affine ^= shift;
        args.coefficients = shifted(args.coefficients, table_offset());
        args.scratch = scratch;
        kernels.dense(block, args);
    }
    void operator()(DiagonalArgs args) const {
        args.vectors.map.affine ^= shift;
        args.coefficients = shifted(args.coefficients, table_offset());
        kernels.diagonal(block, args);
    }
    void operator()(ExchangeArgs args) const {
        args.vectors.map.affine ^= shift;
        kernels.exchange(block, args);
    }
    void operator()(RotationArgs args) const {
        args.vectors.map.affine ^= shift;
        if (parity(base & pass.cold_selector)) {
            args.first = shifted(args.first, pass.table_bytes);
            args.second = shifted(args.second, pass.table_bytes);
        }
        kernels.rotation(block, args);
    }
    void operator()(TurnArgs args) const {
        args.vectors.map.affine ^= shift;
        kernels.turn(block, args);
    }
    void operator()(PhaseArgs args) const {
        ColdFactors outer, inner;
        complete(args, outer, inner);
        kernels.phase(block, args);
    }
    void operator()(TurnPhaseArgs args) const {
        ColdFactors outer, inner;
        complete(args.phases, outer, inner);
        kernels.turn_phase(block, args);
    }
    void complete(PhaseArgs& args, ColdFactors& outer, ColdFactors& inner) const {
        args.vectors.map.affine ^= shift;
        args.outer = outer.of_block(pass.outer, args.row_bits, base);
        args.inner = inner.of_block(pass.inner, args.table_bits, base);
        args.scratch = scratch;
    }
    void operator()(const ShiftArgs& args) const { shift ^= args.offset; }
};

template <class T>
class BlockRunner {
 public:
    // The block's first amplitude is at `origin`; `streams`: the state does not stay in caches; the squared norm is
    // added to `norm` unless that is null.
    BlockRunner(const BoundSweep& sweep, Index base, T* origin, bool streams, double* norm,
                const Workspace<T>& workspace, const RunContext& context)
        : sweep_(sweep),
          base_(base),
          origin_(origin),
          streams_(streams),
          norm_(norm),
          workspace_(workspace),
          context_(context),
          kernels_(kernels_of<T>(context.kernels)) {}

    void run() {
        gather();
        std::uint32_t shift = 0;
        for (const BoundPass& pass : sweep_.passes) {
            context_.stop.throw_if_stopped();
            if ((base_ & pass.cold.mask) != pass.cold.value) continue;
            std::visit(PassRunner{kernels_, workspace_.block(), workspace_.scratch(), pass, base_, shift}, pass.call);
        }
        scatter(shift);
    }

 private:
    void gather() const {
        Complex scale = sweep_.scale;
        for (const ColdFactor& factor : sweep_.scales) {
            if ((base_ & factor.mask) == factor.mask) scale *= factor.factor;
        }
        T* const block = workspace_.block();
        if (sweep_.from_zero) {
            std::memset(block, 0, (std::size_t{2} << sweep_.block_qubits) * sizeof(T));
            block[0] = static_cast<T>(scale.real());
            block[bit(kernels_.lane_bits)] = static_cast<T>(scale.imag());
            return;
        }
        CopyArgs args{};
        args.row_offsets = sweep_.row_offsets.data();
        args.rows = sweep_.row_offsets.size();
        args.run_bits = sweep_.run_bits;
        args.zero_mask = sweep_.zero_mask;
        args.map = sweep_.gather_map;
        args.scale[0] = scale.real();
        args.scale[1] = scale.imag();
        args.plain = scale == Complex(1);
        kernels_.gather(origin_, block, args);
    }

    // The first sweep over new memory maps it, a huge page for every few rows, which takes far longer than the rows:
    // hence the stop token is polled in between.
    void scatter(std::uint32_t shift) const {
        const bool maps_memory = sweep_.from_zero || sweep_.zero_mask != 0;
        const std::size_t rows = sweep_.row_offsets.size(), step = maps_memory ? rows_between_polls : rows;
        CopyArgs args{};
        args.run_bits = sweep_.run_bits;
        args.map = sweep_.scatter_map;
        args.map.affine ^= shift;
        args.sign_mask = sweep_.sign_mask;
        args.lane_signs = sweep_.lane_signs;
        args.plain = sweep_.lane_signs == nullptr;
        args.stream = streams_;
        args.norm = norm_;
        for (std::size_t row = 0; row < rows; row += step) {
            if (row != 0) context_.stop.throw_if_stopped();
            args.row_offsets = sweep_.row_offsets.data() + row;
            args.rows = std::min(step, rows - row);
            args.first_vector = row << (sweep_.run_bits - kernels_.lane_bits);
            kernels_.scatter(origin_, workspace_.block(), args);
        }
    }

    const BoundSweep& sweep_;
    Index base_;
    T* origin_;
    bool streams_;
    double* norm_;
    const Workspace<T>& workspace_;
    const RunContext& context_;
    const Kernels& kernels_;
};

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
    const bool streams = outgrows_caches(state.stored_size() * sizeof(std::complex<T>));
    run_team(context.threads, [&](Team& team) {
        Workspace<T> workspace;
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
            workspace.reserve(*bound);
            const Index block_bytes = bit(bound->block_qubits) * sizeof(std::complex<T>);
            const auto range = team.share(static_cast<std::int64_t>(blocks_of(*bound)));
            const bool measures = context.norms != nullptr && &stage == &sweeps.back();
            for (std::int64_t block = range.begin; block < range.end; ++block) {
                const Index base = deposit_bits(static_cast<Index>(block), bound->cold_mask);
                double* const norm = measures ? &(*context.norms)[static_cast<std::size_t>(block)] : nullptr;
                BlockRunner<T>(*bound, base, state.scalars() + 2 * base, streams, norm, workspace, context).run();
                counters.bytes_moved.fetch_add(static_cast<std::int64_t>(2 * block_bytes), std::memory_order_relaxed);
            }
            team.barrier();
            if (team.rank() == 0) {
                counters.stages_done.fetch_add(1, std::memory_order_relaxed);
                if (context.clock != nullptr) start = context.clock->add(stage, start);
            }
            if (context.verifier != nullptr) context.verifier->check_norm(stage, state, context.stop, team);
        }
    });
}

template <class T>
void run_block(const BoundSweep& sweep, Index base, T* origin, std::size_t state_bytes, const RunContext& context) {
    Workspace<T> workspace;
    workspace.reserve(sweep);
    BlockRunner<T>(sweep, base, origin, outgrows_caches(state_bytes), nullptr, workspace, context).run();
}

#define KETJET_INSTANTIATE(T)                                                                               \
    template void extend_state<T>(StateVector<T>&, Index, const RunContext&);                               \
    template void copy_state<T>(const StateVector<T>&, StateVector<T>&, const RunContext&);                 \
    template void run_block<T>(const BoundSweep&, Index, T*, std::size_t, const RunContext&);               \
    template void run_sweeps<T>(const Program&, std::span<const Stage>, StateVector<T>&, const RunContext&, \
                                const StageSweeps<T>*);
KETJET_INSTANTIATE(float)
KETJET_INSTANTIATE(double)
#undef KETJET_INSTANTIATE

}  // namespace ketjet
