// Draws shots from a state that is shared out among ranks: those that one process would draw from the whole state.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "readout/sampler.hpp"

namespace ketjet {

// Whether each rank can draw from its own share: its chunks are chunks of the whole state, for the lowest qubits are in
// their own places. `places` says where each qubit is.
bool samples_shares(std::span<const std::int32_t> places, int local_qubits);

struct SharedSamples {
    OutcomesVector<BasisCount> samples;  // on rank 0, all of them, ascending by basis state
    double norm;                         // of the whole state, squared
};

// All ranks call this together.
template <class T>
SharedSamples sample_shared(const StateVector<T>& share, const StateNorms& norms, std::span<const std::int32_t> places,
                            std::int64_t shots, const PhiloxKey& key, const RunContext& context);

// The squared norm of a state, from those of all shares.
double shared_norm(double of_share, const RunContext& context);

// The whole state, with every qubit in its own place, on rank 0; null on the others. All ranks call this together.
template <class T>
std::unique_ptr<StateVector<T>> gather_state(const StateVector<T>& share, std::span<const std::int32_t> places,
                                             const RunContext& context);

}  // namespace ketjet
