// How large tables of phases are, beside max_phase_table_bits of plan/work.hpp.
#pragma once

#include <cstddef>

namespace ketjet {

// Index bits of a table: at least the lanes of every instruction set, and at most so many where pairs turn, of which
// both bits are the table's.
inline constexpr int min_phase_table_bits = 4;
inline constexpr int max_pair_table_bits = 10;
// Index bits that select among tables, which together stay in the first-level cache.
inline constexpr int max_phase_key_bits = 3;
// Bytes of the tables that the factors of rows are multiplied into, half of a first-level cache; and how many rows of
// all blocks must share such a table to pay for making it.
inline constexpr std::size_t max_absorbed_bytes = 16384;
inline constexpr std::size_t rows_per_table = 256;

}  // namespace ketjet
