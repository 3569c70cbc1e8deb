#include "exec/write_out.hpp"

#include <algorithm>
#include <span>

#include "state/chunks.hpp"

namespace ketjet {

template <class T>
void extend_state(StateVector<T>& state, Index active, const RunContext& context) {
    // Where a global qubit is |0>, other ranks have the amplitudes.
    const bool has_none = (state.upper_bits() & ~active) != 0;
    const Index inactive = low_bits(state.stored_qubits()) & ~active;
    if (has_none) {
        for_chunks(state.stored_size(), context.walk(),
                   [&](const Chunk& chunk) { std::ranges::fill(chunk.of(state), std::complex<T>(0)); });
        return;
    }
    if (inactive == 0) return;
    const Index lowest = inactive & (~inactive + 1);  // runs of this length are cleared, or not at all
    for_chunks(state.stored_size(), context.walk(), [&](const Chunk& chunk) {
        const std::span<std::complex<T>> amplitudes = chunk.of(state);
        const Index run = (chunk.first & inactive) != 0 ? chunk.size : std::min(chunk.size, lowest);
        for (Index i = 0; i < chunk.size; i += run) {
            if (((chunk.first | i) & inactive) != 0) std::fill_n(amplitudes.data() + i, run, std::complex<T>(0));
        }
    });
    if (active == 0) state.amplitudes()[0] = 1;
}

template <class T>
void write_out(StateVector<T>& state, const RunContext& context) {
    extend_state(state, state.active(), context);
    state.set_all_active();
}

#define KETJET_INSTANTIATE(T)                                                 \
    template void extend_state<T>(StateVector<T>&, Index, const RunContext&); \
    template void write_out<T>(StateVector<T>&, const RunContext&);
KETJET_INSTANTIATE(float)
KETJET_INSTANTIATE(double)
#undef KETJET_INSTANTIATE

}  // namespace ketjet
