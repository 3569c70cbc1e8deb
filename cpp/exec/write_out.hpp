// A state that knows which of its qubits are |0> (StateVector::active) is written out before anybody reads amplitudes,
// and copied without what it knows.
#pragma once

#include <algorithm>
#include <complex>
#include <cstdint>

#include "base/parallel.hpp"
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
        const Index run = std::min(Index{1} << 16, inactive & (~inactive + 1));  // all of it is copied, or nothing
        const Index others = active & ~(run - 1);
        const auto runs = static_cast<std::int64_t>(bit(count_bits(others)));
        parallel_for(context.threads, runs, [&](std::int64_t begin, std::int64_t end) {
            for (std::int64_t i = begin; i < end; ++i) {
                if (i % 1024 == 0) context.stop.throw_if_stopped();
                const Index first = deposit_bits(static_cast<Index>(i), others);
                std::copy_n(source.amplitudes() + first, run, target.amplitudes() + first);
            }
        });
    }
    target.set_active(active);
}

}  // namespace ketjet
