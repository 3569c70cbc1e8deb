// The cost model: what operations, passes, stages and plans take in bytes and predicted seconds. Pure arithmetic on a
// Machine.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/machine.hpp"
#include "base/precision.hpp"
#include "plan/facts.hpp"
#include "plan/plan.hpp"

namespace ketjet {

// Bytes of one stored state; the largest number there is where that does not fit into 63 bits.
std::int64_t state_bytes(int state_qubits, Precision precision);

struct PlanCost {
    std::int64_t state_bytes;      // of one stored state
    std::int64_t bytes_moved;      // read and written over all sweeps
    std::int64_t norm_bytes;       // of the norms that the last sweep adds up for sampling
    double seconds;                // predicted for one pass through the plan on `threads` threads
    int exchanges;                 // between ranks
    std::int64_t message_bytes;    // that a rank holds of messages under way
    std::int64_t bytes_exchanged;  // that each rank sends
};
PlanCost plan_cost(const Plan& plan, int threads);

struct StageCost {
    double amplitudes;  // visited
    double bytes_moved;
    double seconds;
};
// Of one stage of the plan, pass by pass.
StageCost stage_cost(const Plan& plan, const Stage& stage, int threads);
// Of all stages, likewise.
double sweeping_seconds(const Plan& plan, int threads);
// What preparing the coefficients of all operations takes of that.
double emitting_seconds(const Plan& plan);
// Whether so many sweeps at its beginning take clearly longer than copying the state that they leave.
bool copying_pays(const Plan& plan, std::size_t sweeps, int threads);
// Of one stage as it is run, which may be operation by operation; plan_cost is the sum of these.
StageCost run_cost(const Plan& plan, const Stage& stage, int threads);
// What single precision takes of the time in double precision.
constexpr double time_scale(Precision precision) { return precision == Precision::single ? 0.53 : 1.0; }

// Nanoseconds that preparing the coefficients of one operation takes, once a run.
inline constexpr double operation_ns = 600;

// Nanoseconds per amplitude on one thread in double precision that a block takes to be gathered.
inline constexpr double gather_ns = 0.7;

// Nanoseconds per amplitude on one thread in double precision: of one operation that has a pass, or its share of one,
// from all its other facts, and of one pass.
double operation_cost_ns(const OperationFacts& facts);
double pass_cost_ns(std::span<const OperationFacts> facts, const Sweep& sweep, const Pass& pass);

// Whether a layer turns pairs: their cosines differ by parity, and so go into its phases.
bool turns_pairs(std::span<const OperationFacts> facts, const Sweep& sweep, const Layer& layer);

// The lowest qubit along which states are folded: amplitudes that differ in a lower one share a run. How many
// operations a controlled Z on such a qubit costs as much as, and a controlled X, which turns its target twice if that
// is another qubit; and so many for each qubit, on a state that is folded, are worth a second plan.
inline constexpr int min_folded_qubit = 6;
inline constexpr double folded_sign_operations = 2, folded_control_operations = 6;
inline constexpr double folded_layers = 1;

// Ranks exchange amplitudes in messages of so many bytes, of which two are sent and two are received at a time: shorter
// ones take longer each, and longer ones leave the caches.
inline constexpr std::size_t exchange_message_bytes = std::size_t{4} << 20;
// How many amplitudes each rank sends in an exchange.
double exchanged_amplitudes(const Plan& plan, const Exchange& exchange);

// How much an operation counts in the choice of hot qubits.
double staging_weight(const OperationFacts& facts, const BlockShape& shape);

// Whether operations on one pair of qubits are better multiplied into one dense matrix than run one by one.
bool dense_pays(std::span<const OperationFacts> facts, std::span<const std::uint32_t> operations);

// As in OperationFacts, of the product of operations on one pair of qubits; and whether so many such pairs at once are
// better turned than multiplied by dense matrices.
TurnKind pair_turn_of(std::span<const OperationFacts> facts, std::span<const std::uint32_t> operations);
bool pair_turns_pay(int pairs, bool general);

// What waking another thread up takes; a plan of more stages takes longer, and is not worth adding up for that
// question.
inline constexpr double waking_seconds = 2e-5;
inline constexpr std::size_t max_brief_stages = 64;
// What handing a call to another thread, and its result back, takes; and what nobody wants to be able to end sooner.
inline constexpr double handing_seconds = 4e-5;
inline constexpr double brief_seconds = 2e-3;

// Predicted seconds that sampling the final state of a plan takes; the drawing of no shots is reading it once.
struct SamplingCost {
    double drawing;
    double tabulating;
    double listing;  // if the shots are listed one by one
};
SamplingCost sampling_cost(const Plan& plan, std::int64_t shots, int threads);
// Likewise of an exact distribution: reading the state and listing the outcomes of one trajectory, and sorting them.
struct ListingCost {
    double listing;
    double sorting;
};
ListingCost listing_cost(const Plan& plan, int threads);
double sorting_seconds(std::size_t outcomes);

}  // namespace ketjet
