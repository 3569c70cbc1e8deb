// Constants were measured on a 2-core Zen 4 machine.
#include "plan/block_shapes.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>

namespace ketjet {

namespace {

constexpr int min_block_qubits = 11;
constexpr int max_block_qubits = 20;   // 16 MiB in double precision, whatever cache a machine claims to have
constexpr int block_count_qubits = 4;  // a larger state has at least 2^4 blocks
constexpr int contiguous_qubits = 5;   // runs of 512 bytes in double precision
constexpr int min_row_bytes = 512;     // of runs that are copied as fast as longer ones
// What all takes of the time that its constants say, in blocks larger or smaller than the usual ones, and with shorter
// runs than those.
constexpr double outgrown_factor = 1.12, roomy_factor = 0.97, short_row_factor = 1.03;
constexpr int max_operations_per_sweep = 4096;

// What block shapes are made of beside the usual one: a block of so many qubits more, runs of so many more, and two
// numbers of BlockShape. They are in an order in which planning and running take least, in the geometric mean of what
// is predicted for twelve kinds of circuits of 18 to 24 qubits, in both precisions, with L2 caches of 512 KiB to 2 MiB.
struct ShapeChange {
    int block;
    int run;
    double fresh_qubit_penalty;
    double diagonal_weight;
};
constexpr ShapeChange shape_changes[] = {{-2, 0, 0, 1},  {-1, 0, 0, 8}, {-1, -1, 1, 3}, {-3, -1, 1, 3}, {0, -1, 1, 3},
                                         {0, 0, 0, 1},   {-2, 0, 1, 3}, {1, 0, 1, 1},   {-2, -1, 1, 3}, {-1, 0, 1, 1},
                                         {0, 0, 1, 3},   {-1, 0, 0, 1}, {1, 0, 0, 1},   {0, 0, 0, 8},   {0, -1, 1, 1},
                                         {-1, -1, 1, 1}, {1, 0, 1, 3},  {-2, 0, 1, 1},  {-2, -1, 1, 1}, {-3, -1, 1, 1}};

}  // namespace

std::vector<BlockShape> block_shapes(const Machine& machine, Precision precision, int state_qubits) {
    const auto half_l2 = static_cast<std::uint64_t>(std::max<std::int64_t>(machine.l2_bytes / 2, 1));
    const auto block_amplitudes = half_l2 / static_cast<std::uint64_t>(amplitude_bytes(precision));
    const int cache_qubits = std::min(static_cast<int>(std::bit_width(block_amplitudes)) - 1, max_block_qubits);
    int block = std::max(cache_qubits, minimum_state_qubits);
    if (state_qubits > serial_qubits) {
        block = std::min(block, std::max(min_block_qubits, state_qubits - block_count_qubits));
    }
    block = std::min(block, state_qubits);
    const int run = std::min(block, std::clamp(block - 2, minimum_state_qubits, contiguous_qubits));
    std::vector<BlockShape> shapes{{block, run, 1, 1, max_operations_per_sweep}};
    for (const auto& [block_change, run_change, fresh_qubit_penalty, diagonal_weight] : shape_changes) {
        const int qubits = cache_qubits + block_change;
        if (qubits < min_block_qubits || qubits > state_qubits - block_count_qubits) continue;
        shapes.push_back({qubits, std::min(run + run_change, qubits), fresh_qubit_penalty, diagonal_weight,
                          max_operations_per_sweep});
    }
    return shapes;
}

double shape_factor(const BlockShape& shape, const BlockShape& usual, Precision precision) {
    const int row_bytes = amplitude_bytes(precision) << shape.run_qubits;
    const double by_size = shape.block_qubits > usual.block_qubits   ? outgrown_factor
                           : shape.block_qubits < usual.block_qubits ? roomy_factor
                                                                     : 1;
    return by_size * (row_bytes < min_row_bytes ? short_row_factor : 1);
}

int scattered_row_bits(const Sweep& sweep) {
    int bits = 0;
    while (bits < std::min(static_cast<int>(sweep.hot.size()), max_row_bits) &&
           sweep.hot[static_cast<std::size_t>(bits)] == bits) {
        ++bits;
    }
    return bits;
}

}  // namespace ketjet
