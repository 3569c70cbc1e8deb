// Tables of outcomes, which are classical values with what they weigh, and the list of all shots.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "base/charged.hpp"
#include "base/rng.hpp"
#include "base/stop_token.hpp"
#include "readout/bit_mover.hpp"
#include "readout/sampler.hpp"
#include "readout/weight.hpp"

namespace ketjet {

// Outcomes as multi-word classical values: key word w holds classical bits 64 w ... 64 w + 63.
struct OutcomeTable {
    int words = 1;
    OutcomesVector<std::uint64_t> keys;  // words per outcome, ascending by value
    OutcomesVector<std::int64_t> counts;
};
// In the run's progress it counts as so much work.
OutcomeTable tabulate(const OutcomesVector<BasisCount>& samples, const BitMover& mover, int num_clbits,
                      std::int64_t work, const StopToken& stop);

// The counts of `shots` measurements of some qubits; bit i of a key is that of the i-th of them. `norms` are those of
// the state.
template <class T>
OutcomeTable sample_qubits(const StateVector<T>& state, std::span<const std::int32_t> qubits, const StateNorms& norms,
                           std::int64_t shots, const PhiloxKey& key, const RunContext& context);

// The outcomes of all collapses that a shot has passed.
using Ways = ShotsVector<bool>;

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
// The same order of something else: a row of `width` bytes for every shot, of which each outcome has one in `rows`.
void list_rows(std::span<const std::uint8_t> rows, std::size_t width, std::span<const std::int64_t> counts,
               const PhiloxKey& key, std::uint8_t* shots);
// Which outcome stands last in that list, whether or not it is made; there is at least one shot.
std::size_t last_of_list(std::span<const std::int64_t> counts, const PhiloxKey& key);

}  // namespace ketjet
