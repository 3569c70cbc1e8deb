// What running stages needs beside the plan and the state.
#pragma once

#include <cstdint>

#include "base/machine.hpp"
#include "base/stop_token.hpp"
#include "exec/norm_drift.hpp"
#include "exec/pass_clock.hpp"
#include "exec/stage_observer.hpp"
#include "kernels/kernel_table.hpp"
#include "state/chunks.hpp"

namespace ketjet {

class SweepNorms;

// Plain references, valid for the length of the call.
struct RunContext {
    const KernelTable& kernels;
    int threads;
    StopToken stop;
    std::int64_t l3_bytes = Machine{}.l3_bytes;
    StageObservers observers{};
    SweepNorms* norms = nullptr;      // receives the squared norms that the last sweep leaves
    std::int64_t chunk_work = 0;      // what a chunk of amplitudes that is sampled counts in the run's progress
    NormDrift* drift = nullptr;       // receives the norm of every state that is measured
    PassClock* pass_clock = nullptr;  // of the passes within the stages, if somebody wants to know

    Walk walk() const { return {threads, stop}; }
};

template <class T>
const Kernels& kernels_of(const KernelTable& table) {
    if constexpr (sizeof(T) == sizeof(float)) return table.single;
    if constexpr (sizeof(T) == sizeof(double)) return table.double_;
}

}  // namespace ketjet
