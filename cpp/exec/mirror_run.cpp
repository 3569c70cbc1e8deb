#include "exec/mirror_run.hpp"

#include <cmath>
#include <complex>
#include <cstdint>
#include <mutex>
#include <optional>
#include <vector>

#include "base/exact_sum.hpp"
#include "emit/emit_sweep.hpp"
#include "exec/block_runner.hpp"
#include "exec/sweep_walk.hpp"

namespace ketjet {

namespace {

// The sums of all threads, which they come to in any order.
class Readings {
 public:
    void begin(std::size_t count) { sums_.assign(count, {}); }
    void add(std::span<const ExactSum> sums) {
        const std::lock_guard lock(mutex_);
        for (std::size_t i = 0; i < sums.size(); ++i) sums_[i].add(sums[i]);
    }
    void give_to(const MirrorOutcome& outcome, const BoundSweep& sweep) const {
        const std::size_t bras = outcome.overlaps.size(), slots = outcome.derivatives.size() / bras;
        for (std::size_t bra = 0; bra < bras; ++bra) {
            const auto own = std::span(sums_).subspan(bra * sweep.readings, sweep.readings);
            if (sweep.reads_overlaps) outcome.overlaps[bra] = own.front().value();
            for (const auto& [slot, reading, factor] : sweep.slot_shares) {
                outcome.derivatives[bra * slots + slot] += factor * own[reading].value();
            }
        }
    }

 private:
    std::mutex mutex_;
    std::vector<ExactSum> sums_;
};

// The same block of a ket and of bras on one thread. Readings are added up for each bra.
template <class T>
class BlocksRunner {
 public:
    BlocksRunner(StateVector<T>& ket, std::span<const MirroredBra<T>> bras, std::size_t first_stage, Readings& readings,
                 const RunContext& context)
        : ket_(ket), bras_(bras), first_stage_(first_stage), readings_(readings) {
        const std::size_t states = 1 + bras.size();
        const double share = cache_share<T>(ket.stored_qubits(), context) * static_cast<double>(states);
        runners_.reserve(states);
        for (std::size_t i = 0; i < states; ++i) {
            runners_.emplace_back(kernels_of<T>(context.kernels), context.stop, share);
        }
    }

    void prepare(std::size_t stage, const BoundSweep& sweep) {
        sweep_ = &sweep;
        is_first_ = stage == first_stage_;
        for (BlockRunner<T>& runner : runners_) runner.prepare(sweep);
        sums_.assign(bras_.size() * sweep.readings, {});
    }

    void run(std::size_t /*number*/, Index base, std::optional<Index> next) {
        const auto begin = [&](BlockRunner<T>& runner, T* scalars) {
            runner.begin({base, scalars + 2 * base}, next ? scalars + 2 * *next : nullptr);
        };
        begin(ket_runner(), ket_.scalars());
        for (std::size_t bra = 0; bra < bras_.size(); ++bra) {
            T* const scalars = bras_[bra].state->scalars();
            if (is_first_ && bras_[bra].blank) {
                bra_runner(bra).clear({base, scalars + 2 * base});
            } else {
                begin(bra_runner(bra), scalars);
            }
        }
        for (const BoundCall& call : sweep_->calls) {
            if (const auto* const apply = std::get_if<ApplyCall>(&call.call)) {
                ket_runner().call_with(call, bra_runner(apply->bra), true);
            } else if (reads(call.call)) {
                read(call);
            } else {
                for (BlockRunner<T>& runner : runners_) runner.call(call);
            }
        }
        for (BlockRunner<T>& runner : runners_) runner.end({});
    }

    std::int64_t bytes_moved() const {
        return static_cast<std::int64_t>(2 * runners_.size() * bit(sweep_->block_qubits) * sizeof(std::complex<T>));
    }

    void end(std::size_t /*stage*/) { readings_.add(sums_); }

 private:
    BlockRunner<T>& ket_runner() { return runners_.front(); }
    BlockRunner<T>& bra_runner(std::size_t bra) { return runners_[1 + bra]; }

    void read(const BoundCall& call) {
        for (std::size_t bra = 0; bra < bras_.size(); ++bra) {
            ket_runner().add_readings_to(std::span(sums_).subspan(bra * sweep_->readings, sweep_->readings));
            ket_runner().call_with(call, bra_runner(bra), bra + 1 == bras_.size());
        }
    }

    StateVector<T>& ket_;
    std::span<const MirroredBra<T>> bras_;
    std::size_t first_stage_;
    std::vector<BlockRunner<T>> runners_;  // the ket's first
    const BoundSweep* sweep_ = nullptr;
    bool is_first_ = false;
    std::vector<ExactSum> sums_;  // by bra, then by reading
    Readings& readings_;
};

// The sweeps of a mirror, which are stages from `first_stage` on.
template <class T>
struct MirrorWork {
    const Program& program;
    const Mirror& mirror;
    StateVector<T>& ket;
    std::span<const MirroredBra<T>> bras;
    std::size_t first_stage;
    const MirrorOutcome& outcome;
    const RunContext& context;
    Readings readings{};

    void emit(std::size_t stage, BoundSweep& into) const {
        std::vector<Application> sums;
        for (std::size_t bra = 0; stage == first_stage && bra < bras.size(); ++bra) sums.push_back(bras[bra].sum);
        into = emit_mirrored<T>(program, mirror.sweeps[stage - first_stage], kernels_of<T>(context.kernels),
                                {sums, outcome.wanted});
    }
    const BoundSweep* kept(std::size_t) const { return nullptr; }
    BlocksRunner<T> member() { return BlocksRunner<T>(ket, bras, first_stage, readings, context); }
    void begin(std::size_t, const BoundSweep& sweep) { readings.begin(bras.size() * sweep.readings); }
    void end(const BoundSweep& sweep) { readings.give_to(outcome, sweep); }
    void inspect(std::size_t, Team&) {}
};

}  // namespace

template <class T>
void run_mirror(const Program& program, const Mirror& mirror, StateVector<T>& ket, std::span<const MirroredBra<T>> bras,
                std::size_t first_stage, const MirrorOutcome& outcome, const RunContext& context) {
    MirrorWork<T> work{program, mirror, ket, bras, first_stage, outcome, context};
    walk_sweeps(work, {first_stage, first_stage + mirror.sweeps.size()}, context);
}

template <class T>
double adjoint_residual(const StateVector<T>& ket) {
    return std::abs(1.0 - static_cast<Complex>(ket.amplitudes()[0]));
}

#define KETJET_INSTANTIATE(T)                                                                                    \
    template void run_mirror<T>(const Program&, const Mirror&, StateVector<T>&, std::span<const MirroredBra<T>>, \
                                std::size_t, const MirrorOutcome&, const RunContext&);                           \
    template double adjoint_residual<T>(const StateVector<T>&);
KETJET_INSTANTIATE(float)
KETJET_INSTANTIATE(double)
#undef KETJET_INSTANTIATE

}  // namespace ketjet
