// What this computer can do at most: bytes through memory and fused multiply-adds a second, measured once per process.
// A run is judged by them: it can take no less than its bytes and its products do.
#pragma once

#include <cstddef>

#include "base/precision.hpp"
#include "kernels/kernel_table.hpp"

namespace ketjet {

struct MachineRates {
    double bytes_per_second;  // read and written in place, over more memory than the caches hold
    double fma_per_second;    // real ones
};

// Takes about 50 ms on `threads` threads the first time, and `buffer_bytes` of memory; later calls with the same
// arguments remember. To be called from the engine's own worker threads. Throws std::bad_alloc.
MachineRates machine_rates(const KernelTable& table, Precision precision, int threads, std::size_t buffer_bytes);

}  // namespace ketjet
