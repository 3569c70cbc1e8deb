// A state that knows which of its qubits are |0> (StateVector::active) is written out before anybody reads amplitudes,
// and copied without what it knows.
#pragma once

#include <algorithm>

#include "exec/executor.hpp"

namespace ketjet {

// Writes the zeros that are only known so far. Throws Cancelled, and leaves the state as it was then.
template <class T>
void write_out(StateVector<T>& state, const RunContext& context) {
    extend_state(state, state.active(), context);
    state.set_all_active();
}

// Copies `source` into `target`, which has the same size and knows as much afterwards.
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

}  // namespace ketjet
