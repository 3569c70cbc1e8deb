// The heuristic constants of planning, all in one place: block shapes from cache sizes, and what a plan costs in
// bytes and predicted seconds. Pure arithmetic on a Machine.
#pragma once

#include <span>
#include <vector>

#include "base/machine.hpp"
#include "base/precision.hpp"
#include "plan/facts.hpp"
#include "plan/plan.hpp"

namespace ketjet {

// The block shapes worth considering for a state of `state_qubits`, the one for general use first: the block and its
// source lines share half of L2, and a state above the serial size is cut into at least sixteen blocks. Those that
// follow are in the order in which they make the best plan so far better, over many circuits. They depend on
// caches, precision and size only, not on threads or instruction set, so that results do not either.
std::vector<BlockShape> block_shapes(const Machine& machine, Precision precision, int state_qubits);

// What a plan in blocks of this shape takes of the predicted time, beside one in blocks of the usual shape.
double shape_factor(const BlockShape& shape, const BlockShape& usual, Precision precision);

// Bytes of one stored state; the largest number there is where that does not fit into 63 bits.
std::int64_t state_bytes(int state_qubits, Precision precision);

struct PlanCost {
    std::int64_t state_bytes;  // of one stored state
    std::int64_t bytes_moved;  // read and written over all sweeps
    std::int64_t norm_bytes;   // of the norms that the last sweep adds up for sampling
    double seconds;            // predicted for one pass through the plan on `threads` threads
};
PlanCost plan_cost(const Plan& plan, int threads);

struct StageCost {
    double amplitudes;  // visited
    double bytes_moved;
    double seconds;
};
// Of one stage of the plan; plan_cost is their sum.
StageCost stage_cost(const Plan& plan, const Stage& stage, int threads);
// What single precision takes of the time in double precision.
constexpr double time_scale(Precision precision) { return precision == Precision::single ? 0.53 : 1.0; }

// Nanoseconds per amplitude on one thread in double precision: of one operation that has a pass, or its share of one,
// from all its other facts, and of one pass.
double operation_cost_ns(const OperationFacts& facts);
double pass_cost_ns(std::span<const OperationFacts> facts, const Sweep& sweep, const Pass& pass);

// Whether a layer turns pairs: their cosines differ by parity, and so go into its phases.
bool turns_pairs(std::span<const OperationFacts> facts, const Sweep& sweep, const Layer& layer);

// Limits of the search for a plan: it may take this share of the predicted time on one thread, and no more than
// max_planning_seconds, where planning an operation once takes planning_seconds.
inline constexpr double search_share = 0.04;
inline constexpr double planning_seconds = 1e-6;
inline constexpr double max_planning_seconds = 0.4;
// Whether looking for a better order of passes that take so many seconds on one thread is within that share.
bool looking_ahead_pays(double seconds, std::size_t elements_by_passes);
inline constexpr std::int64_t search_operations = std::int64_t{1} << 26;  // looked at per stretch, about 0.1 s

// The lowest qubit along which states are folded: amplitudes that differ in a lower one share a run. How many
// operations a controlled Z on such a qubit costs as much as, and a controlled X, which turns its target twice if that
// is another qubit; and so many for each qubit, on a state that is folded, are worth a second plan.
inline constexpr int min_folded_qubit = 6;
inline constexpr double folded_sign_operations = 2, folded_control_operations = 6;
inline constexpr double folded_layers = 1;

// How much an operation counts in the choice of hot qubits.
double staging_weight(const OperationFacts& facts, const BlockShape& shape);

// If a state exceeds `outgrown_share` of the last-level cache, its lines are evicted before the next sweep needs them:
// so rows are prefetched, and stores bypass the caches. Up to `far_outgrown_share` stores still go into the lines that
// the sweep has just read, if the sweep writes no others and has at least `hiding_passes` passes, for these lines then
// return to memory while the passes compute. If a sweep reads less than one row in `fresh_rows` of those that it
// writes, its stores bypass the caches from `fresh_share` on.
inline constexpr double outgrown_share = 0.75;
inline constexpr double far_outgrown_share = 4;
inline constexpr std::size_t hiding_passes = 8;
inline constexpr double fresh_share = 0.125;
inline constexpr std::size_t fresh_rows = 4;

// Of a phases pass: index bits of a table (2 KiB in double precision), at least the lanes of every instruction set, and
// bits that select among tables, which together stay in the first-level cache.
inline constexpr int min_phase_table_bits = 4;
inline constexpr int max_phase_table_bits = 7;
inline constexpr int max_pair_table_bits = 10;  // where pairs turn, of which both bits are the table's
inline constexpr int max_phase_key_bits = 3;
// Bytes of the tables that the factors of rows are multiplied into, half of a first-level cache; and how many rows of
// all blocks must share such a table to pay for making it.
inline constexpr std::size_t max_absorbed_bytes = 16384;
inline constexpr std::size_t rows_per_table = 256;

// Whether operations on one pair of qubits are better multiplied into one dense matrix than run one by one.
bool dense_pays(std::span<const OperationFacts> facts, std::span<const std::uint32_t> operations);

// As in OperationFacts, of the product of operations on one pair of qubits; and whether so many such pairs at once are
// better turned than multiplied by dense matrices.
TurnKind pair_turn_of(std::span<const OperationFacts> facts, std::span<const std::uint32_t> operations);
bool pair_turns_pay(int pairs, bool general);

// Of states up to this size each thread runs trajectories of its own, where these have so many amplitudes together that
// it pays; else they share a state that is not small.
inline constexpr int shots_in_parallel_qubits = 20;
inline constexpr Index amplitudes_in_parallel = Index{1} << 17;
inline constexpr int min_shared_qubits = 16;
// After `meetings_before_judgement` comparisons at one join, trajectories are compared there only as long as this share
// of the last ones was in the same state as another.
inline constexpr double meetings_before_judgement = 64;
inline constexpr double min_merged_share = 1.0 / 8;

// States up to this size are held, if there is room for so many bytes of them: their trajectories meet after every
// collapse too.
inline constexpr std::int64_t small_state_bytes = std::int64_t{1} << 16;
inline constexpr std::int64_t small_states_bytes = std::int64_t{1} << 27;

// While a run holds no more than this, nobody asks how much memory is left: that takes longer than a small run.
inline constexpr std::int64_t unwatched_bytes = std::int64_t{16} << 20;

// A run of more shots than this unites groups whose memory is equal where trajectories meet, once there are so many of
// them. Until then samples do not depend on which trajectories are merged.
inline constexpr std::int64_t max_single_shots = 1 << 16;
inline constexpr std::size_t max_groups = 64;

// Groups of more shots than this at the end of a trajectory, and than so many for each amplitude, are sampled one by
// one; the others are drawn together, so many shots at a time.
inline constexpr double many_shots = 4096;
inline constexpr double shots_per_amplitude = 8;
inline constexpr std::size_t max_draws = std::size_t{1} << 20;

// Sweeps are bound before they are needed, and kept where they run more than once, as long as their coefficients take
// no more than these bytes or one in so many of all that a run may have. So many are kept, or bound ahead of a sweep.
inline constexpr std::size_t max_bound_stages = 4096;
inline constexpr std::size_t max_bound_ahead = 8;
inline constexpr std::int64_t bound_stages_bytes = std::int64_t{1} << 20;
inline constexpr std::int64_t bound_stages_part = 8;

// Blocks are copied in rows of 2^max_row_bits amplitudes at most: longer ones are copied no faster, and the sampler
// goes through all amplitudes of a row, whose norm the last sweep adds up for it.
inline constexpr int max_row_bits = 8;
// A block of the sweep is scattered in rows of 2^scattered_row_bits amplitudes.
int scattered_row_bits(const Sweep& sweep);

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

// How many states a tree of trajectories is better off for holding at a time.
std::int64_t useful_states(const Plan& plan, std::int64_t shots);

// How many it can do with: two where it has to compare them whatever room there is.
std::int64_t least_states(const Plan& plan, std::int64_t shots);

// How many threads are worth while for a plan: 1 for small states.
int useful_threads(const Plan& plan, int available);

}  // namespace ketjet
