// Draws shots from a state in time O(2^n + distinct outcomes): counts are split binomially down a tree of chunk
// sums, then within each chunk that got any. No shot is ever handled alone until outcomes are listed.
// Deterministic: every node and chunk has its own random stream, and sums run in a fixed order.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/charged.hpp"
#include "base/rng.hpp"
#include "exec/executor.hpp"
#include "exec/state_norms.hpp"
#include "readout/bit_mover.hpp"
#include "readout/weight.hpp"

namespace ketjet {

struct BasisCount {
    Index basis;         // basis state index
    std::int64_t count;  // shots that gave it, > 0
};

// The counts of `shots` measurements of all qubits, ascending by basis state. A basis state of probability zero
// never occurs. `norms` are those of the state.
template <class T>
OutcomesVector<BasisCount> sample(const StateVector<T>& state, const StateNorms& norms, std::int64_t shots,
                                  const PhiloxKey& key, const RunContext& context);

// The basis state at which the running sum of probabilities exceeds each threshold. Thresholds are ascending, from 0 to
// below the sum of all.
template <class T>
OutcomesVector<Index> sample_at(const StateVector<T>& state, const std::vector<double>& chunk_sums,
                                std::span<const double> thresholds);

// Outcomes as multi-word classical values: key word w holds classical bits 64 w ... 64 w + 63.
struct OutcomeTable {
    int words = 1;
    OutcomesVector<std::uint64_t> keys;  // words per outcome, ascending by value
    OutcomesVector<std::int64_t> counts;
};
// `ones` are classical bits that are 1 in all of them; in the run's progress it counts as so much work.
OutcomeTable tabulate(const OutcomesVector<BasisCount>& samples, const std::vector<BitMove>& moves,
                      std::span<const std::int32_t> ones, int num_clbits, std::int64_t work, const StopToken& stop);

// The counts of `shots` measurements of some qubits; bit i of a key is that of the i-th of them. `norms` are those of
// the state.
template <class T>
OutcomeTable sample_qubits(const StateVector<T>& state, std::span<const std::int32_t> qubits, const StateNorms& norms,
                           std::int64_t shots, const PhiloxKey& key, const RunContext& context);

// A table of keys of so many words, each with the weight of the shots that gave it and, if these are remembered, the
// ways of one of them.
struct WeightTable {
    OutcomesVector<std::uint64_t> keys;
    OutcomesVector<Weight> weights;
    OutcomesVector<std::shared_ptr<const Ways>> ways{};
};
// Rows in ascending order; weights of equal keys are added, and the ways of the first remain.
WeightTable tabulate(WeightTable rows, int words, const StopToken& stop);

// The outcomes of a table in a random order, one key per shot; it counts as so much work.
OutcomesVector<std::uint64_t> list_shots(const OutcomeTable& table, const PhiloxKey& key, std::int64_t work,
                                         const StopToken& stop);
// Which outcome stands last in that list, whether or not it is made; there is at least one shot.
std::size_t last_of_list(std::span<const std::int64_t> counts, const PhiloxKey& key);

}  // namespace ketjet
