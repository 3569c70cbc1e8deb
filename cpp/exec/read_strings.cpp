#include "exec/read_strings.hpp"

#include <mutex>

#include "emit/emit_sweep.hpp"
#include "exec/block_runner.hpp"
#include "plan/reading_plan.hpp"
#include "state/chunks.hpp"

namespace ketjet {

namespace {

template <class T>
class StateReader {
 public:
    StateReader(std::span<const PauliString> strings, const StateVector<T>& state, std::span<ExactSum> sums,
                const RunContext& context)
        : strings_(strings), state_(state), sums_(sums), context_(context) {}

    void operator()(const ReadSweep& read) {
        const Kernels& kernels = kernels_of<T>(context_.kernels);
        Sweep sweep{};
        sweep.hot = read.hot;
        sweep.active = low_bits(state_.stored_qubits());
        const Bra bra = read.paired == 0 ? Bra::same_block : Bra::partner_block;
        const BoundSweep bound = emit_read_sweep<T>(sweep, {strings_, read.strings, bra}, kernels);
        const Index numbering = bound.cold_mask & ~(read.paired & (~read.paired + 1));  // of one block of each pair
        const Index work = state_.stored_size() * (1 + read.strings.size() / strings_per_reading);
        for_shares(std::size_t{1} << count_bits(numbering), work, context_.walk(),
                   [&](std::size_t begin, std::size_t end) {
                       BlockRunner<T> runner(kernels, context_.stop, 0);
                       std::vector<ExactSum> sums(sums_.size());
                       runner.add_readings_to(sums);
                       runner.prepare(bound, read.paired != 0);
                       for (std::size_t block = begin; block < end; ++block) {
                           const Index ket = deposit_bits(block, numbering);
                           runner.read({ket, origin(ket)}, {ket ^ read.paired, origin(ket ^ read.paired)});
                       }
                       const std::lock_guard lock(mutex_);
                       for (const std::uint32_t k : read.strings) sums_[k].add(sums[k]);
                   });
    }

 private:
    // So many strings take as long as reading the amplitudes.
    static constexpr std::size_t strings_per_reading = 16;

    const T* origin(Index base) const { return state_.scalars() + 2 * base; }

    std::span<const PauliString> strings_;
    const StateVector<T>& state_;
    std::span<ExactSum> sums_;
    const RunContext& context_;
    std::mutex mutex_;
};

}  // namespace

template <class T>
void read_strings(std::span<const PauliString> strings, std::span<const std::uint32_t> read,
                  const StateVector<T>& state, std::span<ExactSum> sums, const RunContext& context) {
    constexpr Precision precision = sizeof(T) == sizeof(float) ? Precision::single : Precision::double_;
    StateReader<T> reader(strings, state, sums, context);
    for (const ReadSweep& sweep : plan_readings(strings, read, context.machine, precision, state.stored_qubits())) {
        context.stop.throw_if_stopped();
        reader(sweep);
    }
}

#define KETJET_INSTANTIATE(T)                                                                                          \
    template void read_strings<T>(std::span<const PauliString>, std::span<const std::uint32_t>, const StateVector<T>&, \
                                  std::span<ExactSum>, const RunContext&);
KETJET_INSTANTIATE(float)
KETJET_INSTANTIATE(double)
#undef KETJET_INSTANTIATE

}  // namespace ketjet
