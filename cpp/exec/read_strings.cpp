#include "exec/read_strings.hpp"

#include <mutex>
#include <vector>

#include "emit/emit_sweep.hpp"
#include "exec/block_runner.hpp"
#include "exec/shared_work.hpp"
#include "state/chunks.hpp"

namespace ketjet {

namespace {

// So many strings take as long as reading the amplitudes.
constexpr std::size_t strings_per_reading = 16;

template <class T>
class StateReader {
 public:
    StateReader(std::span<const PauliString> strings, const StateVector<T>& state, std::span<ExactSum> sums,
                const RunContext& context)
        : strings_(strings), state_(state), sums_(sums), context_(context) {}

    // Counts so much work as progress.
    void operator()(const ReadSweep& read, std::int64_t work) {
        const Kernels& kernels = kernels_of<T>(context_.kernels);
        Sweep sweep{};
        sweep.hot = read.hot;
        sweep.active = low_bits(state_.total_qubits());
        const Bra bra = read.paired == 0 ? Bra::same_block : Bra::partner_block;
        BoundSweep bound = emit_read_sweep<T>(sweep, {strings_, read.strings, bra}, kernels);
        bound.cold_mask &= low_bits(state_.stored_qubits());
        const Index numbering = bound.cold_mask & ~(read.paired & (~read.paired + 1));  // of one block of each pair
        const std::size_t blocks = std::size_t{1} << count_bits(numbering);
        const SharedWork counted(context_.stop, work, blocks);
        const Index effort = state_.stored_size() * (1 + read.strings.size() / strings_per_reading);
        for_shares(blocks, effort, context_.walk(), [&](std::size_t begin, std::size_t end) {
            BlockRunner<T> runner(kernels, context_.stop, 0);
            std::vector<ExactSum> sums(sums_.size());
            runner.add_readings_to(sums);
            runner.prepare(bound, read.paired != 0);
            for (std::size_t block = begin; block < end; ++block) {
                const Index ket = deposit_bits(block, numbering);
                const Index partner = ket ^ read.paired, upper = state_.upper_bits();
                runner.read({ket | upper, origin(ket)}, {partner | upper, origin(partner)});
                counted.part_is_done();
            }
            const std::lock_guard lock(mutex_);
            for (const std::uint32_t k : read.strings) sums_[k].add(sums[k]);
        });
    }

 private:
    const T* origin(Index base) const { return state_.scalars() + 2 * base; }

    std::span<const PauliString> strings_;
    const StateVector<T>& state_;
    std::span<ExactSum> sums_;
    const RunContext& context_;
    std::mutex mutex_;
};

}  // namespace

template <class T>
void read_strings(std::span<const PauliString> strings, std::span<const ReadSweep> sweeps,
                  std::span<const std::int64_t> work, const StateVector<T>& state, std::span<ExactSum> sums,
                  const RunContext& context) {
    StateReader<T> reader(strings, state, sums, context);
    for (std::size_t i = 0; i < sweeps.size(); ++i) {
        context.stop.throw_if_stopped();
        reader(sweeps[i], work.empty() ? 0 : work[i]);
    }
}

#define KETJET_INSTANTIATE(T)                                                                                \
    template void read_strings<T>(std::span<const PauliString>, std::span<const ReadSweep>,                  \
                                  std::span<const std::int64_t>, const StateVector<T>&, std::span<ExactSum>, \
                                  const RunContext&);
KETJET_INSTANTIATE(float)
KETJET_INSTANTIATE(double)
#undef KETJET_INSTANTIATE

}  // namespace ketjet
