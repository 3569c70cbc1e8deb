// Every heuristic constant of planning lives here, each with its unit; measured on a 2-core Zen 4 machine.
#include "plan/cost.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "program/action.hpp"

namespace ketjet {

namespace {

constexpr int serial_qubits = 12;  // up to here one block, one thread
constexpr int smallest_block_qubits = 11;
constexpr int block_count_qubits = 3;     // a larger state has at least 2^3 blocks
constexpr int contiguous_qubits = 5;      // runs of 512 bytes in double precision
constexpr int largest_state_qubits = 58;  // whose bytes still fit into 63 bits
constexpr int max_operations_per_sweep = 4096;
constexpr double serial_seconds = 60e-6;  // below this predicted time a second thread costs more than it gains

// Nanoseconds per amplitude on one thread in double precision; single precision takes half of it.
constexpr double sweep_ns = 1.6;  // gather and scatter of a block, or setting |0...0>
constexpr double diagonal_ns = 0.22, move_ns = 0.11, dense_one_ns = 0.38;
constexpr double fma_ns = 0.05;       // per complex entry and row of a wider matrix
constexpr double operation_ns = 150;  // preparing coefficients, once per operation

bool only_moves(const Operation& operation) {
    const auto* const gate = std::get_if<GateOperation>(&operation);
    if (gate == nullptr) return std::holds_alternative<PermutationOperation>(operation);
    const Structure structure = gate_table()[static_cast<std::size_t>(gate->gate)].structure;
    return structure == Structure::flip || structure == Structure::swap;
}

double operation_cost_ns(const Operation& operation, const Roles& role) {
    const int targets = count_bits(role.local), conditions = std::min(count_bits(role.diagonal), 3);
    if (targets == 0) return diagonal_ns / static_cast<double>(bit(std::max(conditions - 1, 0)));
    if (only_moves(operation)) return move_ns;
    if (targets == 1) return conditions > 0 ? dense_one_ns / 2 : dense_one_ns;
    return fma_ns * 4.0 * std::ldexp(1.0, std::min(targets, 30));
}

}  // namespace

double pass_cost_ns(const Program& program, std::span<const std::uint32_t> operations) {
    if (operations.size() == 1) {
        const Operation& operation = program.operations()[operations.front()];
        return operation_cost_ns(operation, roles(program, operation));
    }
    const bool diagonal = std::ranges::all_of(operations, [&](std::uint32_t operation) {
        return roles(program, program.operations()[operation]).local == 0;
    });
    return diagonal ? diagonal_ns : dense_one_ns;
}

PlanOptions plan_options(const Machine& machine, Precision precision, int state_qubits) {
    const auto half_l2 = static_cast<std::uint64_t>(std::max<std::int64_t>(machine.l2_bytes / 2, 1));
    const auto block_amplitudes = half_l2 / static_cast<std::uint64_t>(amplitude_bytes(precision));
    const int cache_qubits = static_cast<int>(std::bit_width(block_amplitudes)) - 1;
    int block = std::max(cache_qubits, minimum_state_qubits);
    if (state_qubits > serial_qubits) {
        block = std::min(block, std::max(smallest_block_qubits, state_qubits - block_count_qubits));
    }
    block = std::min(block, state_qubits);
    const int run = std::clamp(block - 2, minimum_state_qubits, contiguous_qubits);
    return {block, std::min(run, block), max_operations_per_sweep};
}

std::int64_t state_bytes(int state_qubits, Precision precision) {
    if (state_qubits > largest_state_qubits) return std::numeric_limits<std::int64_t>::max();
    return static_cast<std::int64_t>(bit(state_qubits)) * amplitude_bytes(precision);
}

PlanCost plan_cost(const Program& program, const Plan& plan, Precision precision, int threads) {
    PlanCost cost{};
    const double scale = precision == Precision::single ? 0.5 : 1.0;
    cost.state_bytes = state_bytes(plan.state_qubits, precision);
    double bytes_moved = 0, serial_ns = 0, parallel_ns = 0;
    for (const Stage& stage : plan.stages) {
        int qubits = plan.state_qubits;
        double ns = sweep_ns;
        if (const Sweep* const sweep = std::get_if<Sweep>(&stage)) {
            Index written = sweep->active;
            for (const int qubit : sweep->hot) written |= bit(qubit);
            qubits = count_bits(written);
            serial_ns += operation_ns * static_cast<double>(sweep->operations.size());
            for (std::size_t p = 0; p < sweep->num_passes(); ++p) ns += pass_cost_ns(program, sweep->pass(p));
        }
        const double amplitudes = std::ldexp(1.0, qubits);
        parallel_ns += ns * scale * amplitudes;
        bytes_moved += 2 * amplitudes * amplitude_bytes(precision);
    }
    cost.bytes_moved = static_cast<std::int64_t>(std::min(bytes_moved, 9e18));
    cost.seconds = 1e-9 * (serial_ns + parallel_ns / std::max(threads, 1));
    return cost;
}

int useful_threads(const Program& program, const Plan& plan, Precision precision, int available) {
    if (plan.state_qubits <= serial_qubits && !plan.has_random_collapse()) return 1;
    return plan_cost(program, plan, precision, 1).seconds < serial_seconds ? 1 : available;
}

}  // namespace ketjet
