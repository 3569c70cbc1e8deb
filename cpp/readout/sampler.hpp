// Draws shots from a state in time O(2^n + distinct outcomes): counts are split binomially down a tree of chunk
// sums, then within each chunk that got any. No shot is ever handled by itself.
// Deterministic: every node and chunk has its own random stream, and sums run in a fixed order.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/charged.hpp"
#include "base/rng.hpp"
#include "exec/run_context.hpp"
#include "exec/state_norms.hpp"
#include "state/state_vector.hpp"

namespace ketjet {

struct BasisCount {
    Index basis;         // basis state index
    std::int64_t count;  // shots that gave it, > 0
};

// The counts of `shots` measurements of all qubits, ascending by basis state. A basis state of probability zero
// never occurs. `norms` are those of the state; in the run's progress it counts as so much work.
template <class T>
OutcomesVector<BasisCount> sample(const StateVector<T>& state, const StateNorms& norms, std::int64_t shots,
                                  const PhiloxKey& key, std::int64_t work, const RunContext& context);

// Splits shots over leaves with the given weights by a binary tree of binomial draws, level by level. The leaves may be
// those of a larger tree's node, which is number `number` of its level and stands so many levels above the larger
// tree's leaves as there are below it, and `level`.
struct Subtree {
    std::size_t level = 0;
    std::uint64_t number = 0;
};
std::vector<std::int64_t> split_over(std::span<const double> weights, std::int64_t shots, const PhiloxKey& key,
                                     const Subtree& subtree = {});

// The counts of so many shots in one chunk of a stored state, which is number `number` of the whole state's; basis
// states are those of the whole.
template <class T>
void sample_chunk(const StateVector<T>& state, const StateNorms& norms, const Chunk& chunk, Index number,
                  std::int64_t shots, const PhiloxKey& key, const Kernels& kernels, OutcomesVector<BasisCount>& out);

// The basis state at which the running sum of probabilities exceeds each threshold. Thresholds are ascending, from 0 to
// below the sum of all.
template <class T>
OutcomesVector<Index> sample_at(const StateVector<T>& state, const std::vector<double>& chunk_sums,
                                std::span<const double> thresholds);

}  // namespace ketjet
