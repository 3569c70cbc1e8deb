// The surroundings of a run: the machine that it has, who may stop it and who watches it.
#pragma once

#include <algorithm>
#include <complex>
#include <cstdint>

#include "base/bits.hpp"
#include "base/machine.hpp"
#include "base/stop_token.hpp"
#include "exec/stage_observer.hpp"
#include "kernels/kernel_table.hpp"
#include "state/chunks.hpp"

namespace ketjet {

class Peers;
class SpentSweeps;

// Plain references, valid for the length of the call.
struct RunContext {
    const KernelTable& kernels;
    int threads;
    StopToken stop;
    Machine machine{};
    StageObservers observers{};
    SpentSweeps* spent = nullptr;  // of earlier runs of the same plan on one thread, if there is anything to be had

    Peers* peers = nullptr;  // where the state is shared out among ranks

    Walk walk() const { return {threads, stop}; }
};

template <class T>
const Kernels& kernels_of(const KernelTable& table) {
    if constexpr (sizeof(T) == sizeof(float)) return table.single;
    if constexpr (sizeof(T) == sizeof(double)) return table.double_;
}

// The size of a state divided by that of the last-level cache.
template <class T>
double cache_share(int state_qubits, const RunContext& context) {
    const double bytes = static_cast<double>(bit(state_qubits)) * sizeof(std::complex<T>);
    return bytes / static_cast<double>(std::max<std::int64_t>(context.machine.l3_bytes, 1));
}

}  // namespace ketjet
