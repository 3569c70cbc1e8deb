#include "exec/executor.hpp"

#include <complex>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/exact_sum.hpp"
#include "emit/emit_sweep.hpp"
#include "exec/block_runner.hpp"
#include "exec/sweep_walk.hpp"

namespace ketjet {

namespace {

// Sweeps on one state.
template <class T>
struct StateWork {
    const BoundPlan& bound;
    StageRange stages;
    const StageSweeps<T>& kept_sweeps;
    StateVector<T>& state;
    const BesideState& beside;
    const RunContext& context;

    bool reads(std::size_t stage) const { return beside.readings != nullptr && beside.readings->reads(stage); }
    bool writes(std::size_t stage) const { return beside.readings == nullptr || beside.readings->writes(stage); }
    bool measures(std::size_t stage) const {
        return beside.norms != nullptr && stage + 1 == stages.end && writes(stage);
    }

    void emit(std::size_t stage, BoundSweep& into) const {
        const SweepReading reading = reads(stage) ? beside.readings->reading(stage) : SweepReading{};
        emit_sweep<T>(bound.program, bound.sweep(stage), kernels_of<T>(context.kernels), into, reading);
        into.cold_mask &= low_bits(state.stored_qubits());  // those above are constants of the rank
    }
    const BoundSweep* kept(std::size_t stage) const { return reads(stage) ? nullptr : kept_sweeps.find(stage); }

    void begin(std::size_t stage, const BoundSweep& sweep) {
        if (measures(stage)) beside.norms->begin(sweep, sweep.blocks());
    }
    void end(const BoundSweep&) {}
    void inspect(std::size_t stage, Team& team) const { context.observers.inspect(stage, state, context.stop, team); }

    class Member {
     public:
        explicit Member(const StateWork& work)
            : work_(work),
              runner_(kernels_of<T>(work.context.kernels), work.context.stop,
                      cache_share<T>(work.state.stored_qubits(), work.context)) {}

        void prepare(std::size_t stage, const BoundSweep& sweep) {
            reads_ = work_.reads(stage);
            writes_ = work_.writes(stage);
            measures_ = work_.measures(stage);
            upper_ = work_.state.upper_bits() & work_.bound.sweep(stage).active;
            block_bytes_ = static_cast<std::int64_t>(bit(sweep.block_qubits) * sizeof(std::complex<T>));
            runner_.prepare(sweep);
            if (reads_) sums_.resize(work_.beside.readings->strings().size());
            runner_.add_readings_to(sums_);
            if (times_passes()) runner_.begin_times(work_.bound.sweep(stage).passes.size());
        }
        void run(std::size_t number, Index base, std::optional<Index> next) {
            T* const scalars = work_.state.scalars();
            runner_.run({base | upper_, scalars + 2 * base}, next ? scalars + 2 * *next : nullptr,
                        measures_ ? work_.beside.norms->of_block(number, base) : SweepNorms::Place{}, writes_);
        }
        std::int64_t bytes_moved() const { return (writes_ ? 2 : 1) * block_bytes_; }
        void end(std::size_t stage) {
            if (reads_) work_.beside.readings->take(stage, sums_);
            if (times_passes()) work_.context.observers.add_times(stage, runner_.times());
        }

     private:
        bool times_passes() const { return work_.context.observers.time_passes(); }

        const StateWork& work_;
        BlockRunner<T> runner_;
        bool reads_ = false;
        bool writes_ = false;
        bool measures_ = false;
        Index upper_ = 0;  // the values of global qubits; all ranks have what there is where one is still |0>
        std::int64_t block_bytes_ = 0;
        std::vector<ExactSum> sums_;  // of all strings, those that are read here
    };
    Member member() const { return Member(*this); }
};

}  // namespace

template <class T>
void run_sweeps(const BoundPlan& bound, StageRange sweeps, const StageSweeps<T>& kept, StateVector<T>& state,
                const BesideState& beside, const RunContext& context) {
    StateWork<T> work{bound, sweeps, kept, state, beside, context};
    walk_sweeps(work, sweeps, context);
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
