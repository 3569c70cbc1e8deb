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

// The same block of a ket and of bras on one thread. Readings are added up for each bra.
template <class T>
class BlocksRunner {
 public:
    BlocksRunner(StateVector<T>& ket, std::span<StateVector<T>* const> bras, Readings& readings,
                 const RunContext& context)
        : states_(bras.begin(), bras.end()), readings_(readings) {
        states_.insert(states_.begin(), &ket);
        const double share = cache_share<T>(ket.stored_qubits(), context) * static_cast<double>(states_.size());
        runners_.reserve(states_.size());
        for (std::size_t i = 0; i < states_.size(); ++i) {
            runners_.emplace_back(kernels_of<T>(context.kernels), context.stop, share);
        }
    }

    void prepare(std::size_t /*stage*/, const BoundSweep& sweep) {
        sweep_ = &sweep;
        for (BlockRunner<T>& runner : runners_) runner.prepare(sweep);
        sums_.assign((states_.size() - 1) * sweep.readings, {});
    }

    void run(std::size_t /*number*/, Index base, std::optional<Index> next) {
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

    std::int64_t bytes_moved() const {
        return static_cast<std::int64_t>(2 * states_.size() * bit(sweep_->block_qubits) * sizeof(std::complex<T>));
    }

    void end(std::size_t /*stage*/) { readings_.add(sums_); }

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
    std::vector<ExactSum> sums_;  // by bra, then by reading
    Readings& readings_;
};

// The sweeps of a mirror, which are stages from `first_stage` on.
template <class T>
struct MirrorWork {
    const Program& program;
    const Mirror& mirror;
    StateVector<T>& ket;
    std::span<StateVector<T>* const> bras;
    std::size_t first_stage;
    std::span<double> derivatives;
    const RunContext& context;
    Readings readings{};

    BoundSweep emit(std::size_t stage) const {
        return emit_mirrored<T>(program, mirror.sweeps[stage - first_stage], kernels_of<T>(context.kernels));
    }
    const BoundSweep* kept(std::size_t) const { return nullptr; }
    BlocksRunner<T> member() { return BlocksRunner<T>(ket, bras, readings, context); }
    void begin(std::size_t, const BoundSweep& sweep) { readings.begin(bras.size() * sweep.readings); }
    void end(const BoundSweep& sweep) { readings.give_to(derivatives, sweep); }
    void inspect(std::size_t, Team&) {}
};

}  // namespace

template <class T>
void run_mirror(const Program& program, const Mirror& mirror, StateVector<T>& ket,
                std::span<StateVector<T>* const> bras, std::size_t first_stage, std::span<double> derivatives,
                const RunContext& context) {
    MirrorWork<T> work{program, mirror, ket, bras, first_stage, derivatives, context};
    walk_sweeps(work, {first_stage, first_stage + mirror.sweeps.size()}, context);
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
