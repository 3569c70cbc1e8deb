// Each constant has its unit; they were measured on a 2-core Zen 4 machine.
#include "plan/cost.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <ranges>

#include "base/overloaded.hpp"
#include "plan/block_shapes.hpp"
#include "plan/by_operation.hpp"
#include "plan/segments.hpp"

namespace ketjet {

namespace {

constexpr int max_sized_qubits = 58;  // whose bytes still fit into 63 bits
// Nanoseconds per amplitude on one thread in double precision; see time_scale for single precision.
constexpr double exchanged_ns = 4;   // sent to another rank and received from it, at 4 GB/s
constexpr double scatter_ns = 0.8;   // of a block, also of setting |0...0>
constexpr double relabel_ns = 0.02;  // an operation that is bookkeeping for most qubits
constexpr int lane_qubits = 3;       // the lowest ones of a block, where it moves amplitudes
constexpr double turn_call_ns = 0.15, turn_ns = 0.065;
constexpr int turns_per_call = 3;
constexpr double phases_ns = 0.38, joined_phases_ns = 0.22;  // with a load and store of their own, and without
constexpr double reflection_ns = 0.25;                       // of all controlled Z of a pass
constexpr double exchange_ns = 0.17, rotation_ns = 0.26, controlled_ns = 0.25;
constexpr double fma_ns = 0.041;      // of a dense matrix: three per complex entry and row
constexpr double wide_fma_ns = 0.06;  // the same for more than two qubits
constexpr double dense_least_ns = 0.3;
constexpr double even_pair_ns = 0.37;                // of a dense matrix on two qubits that keeps their parity
constexpr double min_weight_ns = 0.02;               // so that free operations count too
constexpr double single_ns = 70, visited_ns = 0.17;  // an operation, and an amplitude, where runs_by_operation
constexpr double read_ns = 0.5;                      // an amplitude, or a norm, for its probability
constexpr double drawn_ns = 120, tabulated_ns = 20, listed_shot_ns = 30;  // an outcome; a shot in a list
constexpr double listed_outcome_ns = 150, sorted_outcome_ns = 300;        // of an exact distribution

double dense_ns(int qubits) {
    const double entries = std::ldexp(1.0, std::min(qubits, 30));
    return std::max(dense_least_ns, 3 * entries * (qubits > 2 ? wide_fma_ns : fma_ns));
}

// Of the product of operations on two qubits.
double pair_ns(std::span<const OperationFacts> facts, std::span<const std::uint32_t> operations) {
    return pair_turn_of(facts, operations) != TurnKind::none ? even_pair_ns : dense_ns(2);
}

double turns_ns(int turns) { return turn_call_ns * ((turns + turns_per_call - 1) / turns_per_call) + turn_ns * turns; }

// How many calls a relabelling needs for CX and SWAP with a lane among their qubits: one for all CX that follow each
// other on one control.
double lane_exchanges(std::span<const OperationFacts> facts, const Sweep& sweep, const Relabel& relabel) {
    Index lanes = 0;
    for (const int qubit : std::span(sweep.hot).first(std::min<std::size_t>(sweep.hot.size(), lane_qubits))) {
        lanes |= bit(qubit);
    }
    int count = 0;
    Index control_before = 0;  // of the last call
    for (const Term& term : relabel.terms) {
        for (const std::uint32_t index : sweep.operations_of(term)) {
            const Index touched = facts[index].touched(), control = facts[index].diagonal;
            if (count_bits(touched) == 1 || control != control_before) control_before = 0;
            if (count_bits(touched) == 1 || (touched & lanes) == 0 || control_before != 0) continue;
            ++count;
            control_before = control;
        }
    }
    return count;
}

// How many terms are on the qubit along which the sweep is folded.
int folded_terms(std::span<const OperationFacts> facts, const Sweep& sweep, std::span<const Term> terms) {
    if (sweep.folded < 0) return 0;
    return static_cast<int>(std::ranges::count_if(terms, [&](const Term& term) {
        return std::ranges::any_of(sweep.operations_of(term), [&](std::uint32_t index) {
            return (facts[index].touched() >> sweep.folded & 1) != 0;
        });
    }));
}

// How many rows have their norms added up by the last sweep; 0 where the sampler reads the state instead.
Index summed_rows(const Plan& plan) {
    if (plan.has_trajectories()) return 0;
    for (const Stage& stage : std::views::reverse(plan.stages)) {
        if (std::holds_alternative<Collapse>(stage)) return 0;
        const auto* const sweep = std::get_if<Sweep>(&stage);
        if (sweep == nullptr) continue;
        return bit(plan.local_qubits() - scattered_row_bits(*sweep));
    }
    return 0;
}

}  // namespace

TurnKind pair_turn_of(std::span<const OperationFacts> facts, std::span<const std::uint32_t> operations) {
    const auto all_are = [&](auto property) {
        return std::ranges::all_of(operations, [&](std::uint32_t index) { return property(facts[index].pair_turn); });
    };
    if (all_are([](TurnKind turn) { return turn == TurnKind::imaginary; })) return TurnKind::imaginary;
    return all_are([](TurnKind turn) { return turn != TurnKind::none; }) ? TurnKind::general : TurnKind::none;
}

bool pair_turns_pay(int pairs, bool general) {
    return turns_ns(pairs) + joined_phases_ns + (general ? phases_ns : 0) < pairs * even_pair_ns;
}

double operation_cost_ns(const OperationFacts& facts) {
    const int targets = count_bits(facts.local);
    if (facts.relabels) return relabel_ns;
    if (targets == 0) return phases_ns / 4;
    if (facts.exchanges) return exchange_ns;
    if (facts.rotates) return rotation_ns;
    if (facts.diagonal != 0) return targets == 1 ? controlled_ns : dense_ns(targets) / 2;
    if (targets == 1) return turn_ns + turn_call_ns / turns_per_call;
    return targets == 2 && facts.pair_turn != TurnKind::none ? even_pair_ns : dense_ns(targets);
}

double staging_weight(const OperationFacts& facts, const BlockShape& shape) {
    return min_weight_ns + (facts.local == 0 ? shape.diagonal_weight : 1) * facts.cost_ns;
}

bool dense_pays(std::span<const OperationFacts> facts, std::span<const std::uint32_t> operations) {
    double apart = 0;
    bool dense = false;
    for (const std::uint32_t index : operations) {
        const OperationFacts& operation = facts[index];
        apart += operation.cost_ns;
        dense = dense || (count_bits(operation.local) == 2 && operation.diagonal == 0 && !operation.rotates &&
                          !operation.relabels);
    }
    return dense || pair_ns(facts, operations) < apart;
}

bool turns_pairs(std::span<const OperationFacts> facts, const Sweep& sweep, const Layer& layer) {
    return std::ranges::any_of(layer.turns, [&](const Term& term) {
        return count_bits(facts[sweep.operations_of(term).front()].touched()) == 2;
    });
}

double pass_cost_ns(std::span<const OperationFacts> facts, const Sweep& sweep, const Pass& pass) {
    const auto of_matrix = [&](const Term& term) {
        const auto operations = sweep.operations_of(term);
        return operations.size() > 1 ? pair_ns(facts, operations) : facts[operations.front()].cost_ns;
    };
    return std::visit(Overloaded{[&](const Relabel& relabel) {
                                     return relabel_ns * static_cast<double>(relabel.terms.size()) +
                                            exchange_ns * lane_exchanges(facts, sweep, relabel);
                                 },
                                 [&](const Layer& layer) {
                                     const auto turns = static_cast<int>(layer.turns.size());
                                     const auto phases = static_cast<int>(layer.phases.size());
                                     const int folded = folded_terms(facts, sweep, layer.phases);
                                     double cost = turns_ns(turns - folded_terms(facts, sweep, layer.turns));
                                     if (folded < phases || turns_pairs(facts, sweep, layer)) {
                                         cost += turns > 0 ? joined_phases_ns : phases_ns;
                                     }
                                     return cost + (folded > 0 ? reflection_ns : 0);
                                 },
                                 [&](const Dense& dense) { return of_matrix(dense.term); },
                                 [&](const Single& single) { return of_matrix(single.term); }},
                      pass.work);
}

std::int64_t state_bytes(int state_qubits, Precision precision) {
    if (state_qubits > max_sized_qubits) return std::numeric_limits<std::int64_t>::max();
    return static_cast<std::int64_t>(bit(state_qubits)) * amplitude_bytes(precision);
}

double exchanged_amplitudes(const Plan& plan, const Exchange& exchange) {
    const Index global = low_bits(plan.state_qubits) & ~low_bits(plan.local_qubits());
    Index fetched = 0;
    bool among_ranks = false;  // whole shares change places
    for (const auto& [first, second] : exchange.swaps) {
        fetched |= bit(second);
        among_ranks = among_ranks || (global >> first & 1) != 0;
    }
    if (among_ranks) return std::ldexp(1.0, count_bits(exchange.active & ~global));
    return exchanged_amplitudes(exchange.active, exchange.active_after() & ~global, fetched);
}

StageCost stage_cost(const Plan& plan, const Stage& stage, int threads) {
    if (!touches_state(stage)) return {};
    const Index local = low_bits(plan.local_qubits());
    double written = std::ldexp(1.0, plan.local_qubits()), read = written, blocks = written;
    double pass_ns = 0, serial_ns = 0;
    bool unfolds = false;
    if (const Exchange* const exchange = std::get_if<Exchange>(&stage)) {
        const double sent = exchanged_amplitudes(plan, *exchange);
        return {sent, 2 * sent * amplitude_bytes(plan.request.precision),
                1e-9 * time_scale(plan.request.precision) * exchanged_ns * sent};
    }
    if (const Sweep* const sweep = std::get_if<Sweep>(&stage)) {
        written = std::ldexp(1.0, count_bits(sweep->active_after() & local) - (sweep->unfolds ? 1 : 0));
        read = sweep->active == 0 ? 0 : std::ldexp(1.0, count_bits(sweep->active & local));
        blocks = std::ldexp(written, -static_cast<int>(sweep->hot.size()));
        unfolds = sweep->unfolds;
        serial_ns = operation_ns * static_cast<double>(sweep->operations.size());
        for (const Pass& pass : sweep->passes) pass_ns += plan.machine.pass_factor * pass.cost_ns;
    }
    const double scattered = unfolds ? 2 * written : written;
    const double memory_ns = plan.machine.sweep_factor * (gather_ns * read + scatter_ns * scattered);
    const double parallel_ns = time_scale(plan.request.precision) * (memory_ns + pass_ns * written);
    return {written, (written + scattered) * amplitude_bytes(plan.request.precision),
            1e-9 * (serial_ns + parallel_ns / std::clamp<double>(threads, 1, blocks))};
}

double sweeping_seconds(const Plan& plan, int threads) {
    double seconds = 0;
    for (const Stage& stage : plan.stages) seconds += stage_cost(plan, stage, threads).seconds;
    return seconds;
}

double emitting_seconds(const Plan& plan) {
    std::size_t operations = 0;
    for (const Stage& stage : plan.stages) {
        if (const auto* const sweep = std::get_if<Sweep>(&stage)) operations += sweep->operations.size();
    }
    return 1e-9 * operation_ns * static_cast<double>(operations);
}

bool copying_pays(const Plan& plan, std::size_t sweeps, int threads) {
    if (sweeps == 0) return false;
    double seconds = 0;
    for (std::size_t stage = 0; stage < sweeps; ++stage) {
        seconds += stage_cost(plan, plan.stages[stage], threads).seconds;
    }
    const double amplitudes = std::ldexp(1.0, count_bits(std::get<Sweep>(plan.stages[sweeps - 1]).active_after()));
    const double copying_ns = time_scale(plan.request.precision) * 2 * gather_ns * amplitudes / threads;
    return seconds > 2e-9 * copying_ns;
}

StageCost run_cost(const Plan& plan, const Stage& stage, int threads) {
    StageCost cost = stage_cost(plan, stage, threads);
    if (runs_by_operation(plan)) {
        const Sweep* const sweep = std::get_if<Sweep>(&stage);
        const double operations = sweep == nullptr ? 0 : static_cast<double>(sweep->operations.size());
        cost.seconds = 1e-9 * operations * (single_ns + visited_ns * std::ldexp(1.0, plan.num_qubits));
    }
    return cost;
}

PlanCost plan_cost(const Plan& plan, int threads) {
    PlanCost cost{};
    cost.state_bytes = state_bytes(plan.local_qubits(), plan.request.precision);
    cost.norm_bytes = static_cast<std::int64_t>(summed_rows(plan) * sizeof(double));
    if (plan.global_qubits > 0) {
        cost.message_bytes = 4 * std::min(static_cast<std::int64_t>(exchange_message_bytes), cost.state_bytes);
    }
    double bytes_moved = 0;
    for (const Stage& stage : plan.stages) {
        const StageCost part = run_cost(plan, stage, threads);
        bytes_moved += part.bytes_moved;
        if (const Exchange* const exchange = std::get_if<Exchange>(&stage)) {
            const double sent = exchanged_amplitudes(plan, *exchange) * amplitude_bytes(plan.request.precision);
            ++cost.exchanges;
            cost.bytes_exchanged += static_cast<std::int64_t>(std::min(sent, 1e18));
        }
        cost.seconds += part.seconds;
    }
    cost.bytes_moved = static_cast<std::int64_t>(std::min(bytes_moved, 9e18));
    return cost;
}

SamplingCost sampling_cost(const Plan& plan, std::int64_t shots, int threads) {
    const double amplitudes = std::ldexp(1.0, plan.num_qubits), listed = static_cast<double>(shots);
    const double drawn = std::min(listed, amplitudes), summed = static_cast<double>(summed_rows(plan));
    return {1e-9 * (read_ns * (summed > 0 ? summed : amplitudes) + drawn_ns * drawn) / threads,
            1e-9 * tabulated_ns * drawn, 1e-9 * listed_shot_ns * listed};
}

double sorting_seconds(std::size_t outcomes) { return 1e-9 * sorted_outcome_ns * static_cast<double>(outcomes); }

ListingCost listing_cost(const Plan& plan, int threads) {
    Index measured = 0;
    for (const FinalMeasurement& m : plan.final_measurements) measured |= bit(m.qubit);
    const double outcomes = std::ldexp(1.0, count_bits(measured));
    return {sampling_cost(plan, 0, threads).drawing + 1e-9 * listed_outcome_ns * outcomes,
            sorting_seconds(static_cast<std::size_t>(std::min(outcomes, 1e15)))};
}

}  // namespace ketjet
