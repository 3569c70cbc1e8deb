#include "exec/copy_state.hpp"

#include <algorithm>

#include "state/chunks.hpp"

namespace ketjet {

template <class T>
void copy_state(const StateVector<T>& source, StateVector<T>& target, const RunContext& context) {
    for_chunks(source.stored_size(), context.walk(),
               [&](const Chunk& chunk) { std::ranges::copy(chunk.of(source), chunk.of(target).begin()); });
}

template <class T>
void copy_active(const StateVector<T>& source, StateVector<T>& target, const RunContext& context) {
    const Index active = source.active(), inactive = low_bits(source.stored_qubits()) & ~active;
    if (inactive == 0) {
        copy_state(source, target, context);
    } else if (active != 0) {
        const Index lowest = inactive & (~inactive + 1);  // runs of this length are copied, or not at all
        for_chunks(bit(count_bits(active)), context.walk(), [&](const Chunk& chunk) {
            const Index run = std::min(chunk.size, lowest);
            for (Index i = chunk.first; i < chunk.last(); i += run) {
                const Index first = deposit_bits(i, active);
                std::copy_n(source.amplitudes() + first, run, target.amplitudes() + first);
            }
        });
    }
    target.set_active(active);
}

#define KETJET_INSTANTIATE(T)                                                               \
    template void copy_state<T>(const StateVector<T>&, StateVector<T>&, const RunContext&); \
    template void copy_active<T>(const StateVector<T>&, StateVector<T>&, const RunContext&);
KETJET_INSTANTIATE(float)
KETJET_INSTANTIATE(double)
#undef KETJET_INSTANTIATE

}  // namespace ketjet
