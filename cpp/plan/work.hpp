// Which kernel runs an operation, or a product of operations, on its own, and how many real multiply-adds that takes.
#pragma once

#include <string_view>

#include "plan/facts.hpp"

namespace ketjet {

struct Work {
    std::string_view kernel;
    double fma;  // per amplitude of the block
};

Work work_of(const OperationFacts& facts, const Operation& operation);
// Of a dense matrix on so many qubits.
Work work_of_product(int qubits, bool keeps_parity);

// Index bits of a table of phases (2 KiB in double precision).
inline constexpr int max_phase_table_bits = 7;
inline constexpr double factor_fma = 4, table_fma = 8;  // of phases without a table, and with one
inline constexpr double reflection_fma = 4;

}  // namespace ketjet
