// The contract between the executor and the SIMD kernels: one table of functions per instruction set.
// Kernels are single-threaded, work on one cache block, and know bits of an index, never qubits, gates or threads.
// Included by objects compiled for different instruction sets: plain structs only, no STL, no inline functions.
//
// A block holds 2^k amplitudes in split form: vector y (0 <= y < 2^(k - lane_bits)) is W = 2^lane_bits real parts
// followed by W imaginary parts. Index bits below lane_bits are "lanes", the others are bits of y.
#pragma once

#include <cstdint>

namespace ketjet {

// The vectors y of a block with (y & fixed) == value.
struct VectorSubset {
    std::uint64_t fixed;
    std::uint64_t value;
    int vector_bits;  // the block has 2^vector_bits vectors
};

// Copies 2^run_bits amplitudes from (or to) state + row_offsets[r] for every row r, in this order of vectors. Gathering
// gives zeros for the rows whose offset has a bit of zero_mask.
struct CopyArgs {
    const std::uint64_t* row_offsets;  // in amplitudes
    std::uint64_t rows;
    int run_bits;  // >= lane_bits
    std::uint64_t zero_mask;
};

// v'[r] = sum over m of M[r][r ^ m] v[r ^ m] on 2^axes rows of vectors and, within them, the lanes of lane_mask.
// m counts the lane bits of lane_mask first, then the axes, so sums run in the same order whatever the lane width.
struct DenseArgs {
    VectorSubset vectors;              // fixed contains the axes, with value 0 there
    const std::uint64_t* row_offsets;  // 2^axes offsets in vectors
    int axes;
    int lane_mask;             // which lane bits are targets
    bool per_lane;             // coefficients are W-wide vectors (needed for lane targets and lane controls)
    bool real;                 // every imaginary part of the matrix is zero
    const void* coefficients;  // [row][m] of (re, im): scalars, or W-wide vectors if per_lane
    void* scratch;             // 2^axes vectors
};

// v[r] *= c[r] on 2^axes rows; the coefficients are W-wide (lanes may differ).
struct DiagonalArgs {
    VectorSubset vectors;  // fixed contains the axes, with value 0 there
    const std::uint64_t* row_offsets;
    int axes;
    const void* coefficients;  // [row] of W real parts, W imaginary parts
};

// Exchanges amplitudes: lane l of vector y with lane l ^ lane_flip of vector y ^ vector_flip, where the masks allow.
// take_first[l] != 0: lane l of y takes the other's value; take_second likewise for y ^ vector_flip.
// With vector_flip == 0 only take_first is read, and lanes are exchanged inside each vector.
struct ExchangeArgs {
    VectorSubset vectors;  // one representative of each pair
    std::uint64_t vector_flip;
    int lane_flip;
    const void* take_first;  // W scalars, 0 or 1
    const void* take_second;
    bool all_lanes;  // both masks are all ones
};

// v'[y] = cosine v[y] + sign(y) first .* flip(v[y ^ f]), v'[y ^ f] = cosine v[y ^ f] + sign(y) second .* flip(v[y]),
// where flip exchanges lanes l and l ^ lane_flip and sign(y) = (-1)^popcount(y & sign_mask).
// `imaginary`: first and second are multiplied by i (they are real otherwise).
struct RotationArgs {
    VectorSubset vectors;       // one representative of each pair
    std::uint64_t vector_flip;  // f; with 0 each vector is its own partner and `second` is not read
    int lane_flip;
    std::uint64_t sign_mask;
    bool imaginary;
    const void* cosine;  // W scalars: 1 on lanes that do not take part
    const void* first;   // W scalars: 0 on lanes that do not take part
    const void* second;
};

struct Kernels {  // for one scalar type
    int lane_bits;
    void (*gather)(const void* state, void* block, const CopyArgs& args);
    void (*scatter)(void* state, const void* block, const CopyArgs& args);
    void (*dense)(void* block, const DenseArgs& args);
    void (*diagonal)(void* block, const DiagonalArgs& args);
    void (*exchange)(void* block, const ExchangeArgs& args);
    void (*rotation)(void* block, const RotationArgs& args);
};

struct KernelTable {
    const char* name;  // "portable", "avx2", "avx512"
    Kernels single;
    Kernels double_;
};

}  // namespace ketjet
