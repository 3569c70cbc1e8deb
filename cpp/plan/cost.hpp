// The heuristic constants of planning, all in one place: block shapes from cache sizes, and what a plan costs in
// bytes and predicted seconds. Pure arithmetic on a Machine.
#pragma once

#include "base/machine.hpp"
#include "plan/plan.hpp"

namespace ketjet {

enum class Precision : std::uint8_t { single, double_ };
constexpr int amplitude_bytes(Precision precision) { return precision == Precision::single ? 8 : 16; }

struct PlanOptions {
    int block_qubits;          // hot qubits of a sweep, unless one operation alone needs more
    int run_qubits;            // the lowest qubits, always hot: contiguous runs in memory
    int operations_per_sweep;  // bounds the memory for prepared coefficients
    bool operator==(const PlanOptions&) const = default;
};

// The block shape for a state of `state_qubits`: the block and its source lines share half of L2, and a state
// above the serial size is cut into at least eight blocks. Depends on caches, precision and size only, not on threads
// or instruction set, so that results do not either.
PlanOptions plan_options(const Machine& machine, Precision precision, int state_qubits);

// Bytes of one stored state; the largest number there is where that does not fit into 63 bits.
std::int64_t state_bytes(int state_qubits, Precision precision);

struct PlanCost {
    std::int64_t state_bytes;  // of one stored state
    std::int64_t bytes_moved;  // read and written over all sweeps
    double seconds;            // predicted for one pass through the plan on `threads` threads
};
PlanCost plan_cost(const Program& program, const Plan& plan, Precision precision, int threads);

// Nanoseconds per amplitude of one pass on one thread in double precision: of a single operation, or of several that
// are merged into one gate.
double pass_cost_ns(const Program& program, std::span<const std::uint32_t> operations);

// The most qubits of a merged diagonal: a table of 256 factors, some of them for cold qubits.
inline constexpr int merged_diagonal_qubits = 8;

// Up to this size each thread runs trajectories of its own, above it they share one state.
inline constexpr int shots_in_parallel_qubits = 20;

// How many threads are worth while for a plan: 1 for small states.
int useful_threads(const Program& program, const Plan& plan, Precision precision, int available);

}  // namespace ketjet
