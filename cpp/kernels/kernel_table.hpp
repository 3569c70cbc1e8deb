// The contract between the executor and the SIMD kernels: one table of functions per instruction set.
// Kernels are single-threaded, work on one cache block, and know bits of an index, never qubits, gates or threads.
// Included by objects compiled for different instruction sets: plain structs only, no STL, no inline functions.
//
// A block holds 2^k amplitudes in split form: vector y (0 <= y < 2^(k - lane_bits)) is W = 2^lane_bits real parts
// followed by W imaginary parts. Index bits below lane_bits are "lanes", the others are bits of y. Where vector y lies
// is told by an AddressMap, so that exchanging and adding bits of y (SWAP, X, CX) moves no amplitude.
#pragma once

#include <cstdint>

namespace ketjet {

// Vector y begins at scalar low[y & 63] ^ high[y >> 6] ^ affine of the block: linear over GF(2) but for `affine`.
struct AddressMap {
    const std::uint32_t* low;
    const std::uint32_t* high;
    std::uint32_t affine;
};

constexpr std::uint64_t line_bytes = 64;

// Squared norms are sums of a binary tree over the index, whose leaves are 2^leaf_bits amplitudes: as many as the
// widest vectors have lanes, and the shortest rows amplitudes.
constexpr int leaf_bits = 4;
constexpr int max_norm_bits = 8;  // of a row whose norm is added up while it is scattered

// Lines that a kernel fetches while it computes, a few for every step of its walk: those of the rows that the thread
// gathers next, 2^row_line_bits a row.
struct Prefetch {
    const void* state;
    const std::uint64_t* row_offsets;  // in amplitudes
    int line_bits;                     // a line holds 2^line_bits amplitudes
    int row_line_bits;
    std::uint64_t next_line;
    std::uint64_t end_line;
    std::uint64_t lines_per_step;
};

constexpr int fetching_turn_axes = 2;

// The vectors y of a block with (y & fixed) == value. All offsets below are mapped ones, in scalars: to be XORed to
// the address of a vector.
struct VectorSubset {
    std::uint64_t fixed;
    std::uint64_t value;
    int vector_bits;  // the block has 2^vector_bits vectors
    AddressMap map;
    Prefetch* prefetch;  // may be null; heeded by dense matrices, phases, and turns of enough axes
};

// Copies 2^run_bits amplitudes from (or to) state + row_offsets[r] for every row r, the first one being vector
// first_vector of the block. Gathering multiplies by the scale and gives zeros for the rows whose offset has a bit of
// zero_mask; scattering changes the sign of vectors with odd popcount(y & sign_mask), and of the lanes so marked.
struct CopyArgs {
    const std::uint64_t* row_offsets;  // in amplitudes
    std::uint64_t rows;
    std::uint64_t first_vector;
    int run_bits;  // >= lane_bits
    std::uint64_t zero_mask;
    AddressMap map;
    double scale[2];          // re, im
    std::uint64_t sign_mask;  // of y
    const void* lane_signs;   // W scalars, 1 or -1
    bool plain;               // scale is 1 and nothing changes its sign
    bool stream;              // scattered lines are not worth keeping in the caches
    // Of a folded block: numbers are conjugated, or not, and multiplied by end_scale before they are scattered. With an
    // unfold_offset, real parts times unfold_scale are then written as amplitudes of the rows, and imaginary parts
    // times it as those so many further on.
    bool folded;
    bool conjugates;
    double end_scale[2];
    std::uint64_t unfold_offset;
    double unfold_scale[2];
    // Not null: scattering adds the squared norm of each row, of a leaf to 2^max_norm_bits amplitudes, to the element
    // that its offset, or that of what is unfolded from it, gives without its lowest norm_bits. A folded block has to
    // be unfolded then.
    double* norms;
    int norm_bits;
    bool any_order;  // of these sums: only the whole is wanted, not the numbers of the tree
};

// v'[r] = sum over m of M[r][r ^ m] v[r ^ m] on 2^axes rows of vectors and, within them, the lanes of lane_mask.
// m counts the lane bits of lane_mask first, then the axes, so sums run in the same order whatever the lane width.
struct DenseArgs {
    VectorSubset vectors;              // fixed contains the axes, with value 0 there
    const std::uint64_t* row_offsets;  // 2^axes of them
    int axes;
    int lane_mask;  // which lane bits are targets
    bool per_lane;  // coefficients are W-wide vectors (needed for lane targets and lane controls)
    // How entries are stored. 1: re alone, for real matrices. 2: re, im. 3: re, im - re, im + re, which takes three
    // real products instead of four, but is not exact where an entry is 1 or 0.
    int parts;
    // Two targets whose parity is kept, in at most two parts: the entries for m = 1 and m = 2 are all zero.
    bool even;
    // [row][m][part]: scalars, or W-wide vectors if per_lane
    const void* coefficients;
    void* scratch;  // three vectors for each m
    // Not 0: one axis, one lane target and scalar coefficients; this axis without a part in the gate stands in for the
    // lane meanwhile. `vectors` fixes it at 0.
    std::uint32_t helper_offset;
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
    std::uint32_t flip_offset;  // of vector_flip
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
    std::uint32_t flip_offset;  // of vector_flip
    int lane_flip;
    std::uint64_t sign_mask;
    bool imaginary;
    const void* cosine;  // W scalars: 1 on lanes that do not take part
    const void* first;   // W scalars: 0 on lanes that do not take part
    const void* second;
};

// Turns one-qubit planes by angles a with tangents t = tan(a), without the factor cos(a): for each lane turn in order,
// then for each axis,
//   real:      v'[x=0] = v[x=0] + t v[x=1],    v'[x=1] = v[x=1] - t v[x=0],
//   imaginary: v'[x]   = v[x] - i t v[1-x].
// Several gates for one load and store of each vector. Method: factored rotations, as in lifted FFT butterflies.
// With `pairs`, what is turned may be the two states of equal parity of two bits: an axis then flips two bits of a
// vector's number, or one and a lane bit, and the parity chooses among two tangents.
constexpr int max_lane_turns = 4;
constexpr int no_choosing_bit = 63;
struct TurnArgs {
    VectorSubset vectors;  // fixed contains one bit of each axis, with value 0 there
    int axes;              // 0 to max_turn_axes
    int imaginary_axes;    // bit a: axis a is imaginary
    std::uint32_t axis_offsets[3];
    double tangents[3];  // of the axes, without pairs
    bool by_ones;        // the tangents of all axes are 1; not with pairs
    bool pairs;
    int axis_lane_flips[3];     // which lanes an axis exchanges
    int choosing_bits[3];       // of y, or of the number of a vector in the phases' table; no_choosing_bit: none
    const void* axis_tangents;  // [axis][what the bit that chooses is] of W scalars
    int lane_turns;
    int lane_flips[max_lane_turns];  // lane l is turned with lane l ^ lane_flips[k]
    int imaginary_lanes;             // which of the lane turns are imaginary
    const void* lane_tangents;  // [lane turn] of W scalars: t on lanes with x=0, -t (imaginary: t) on those with x=1
};

// Takes (re, im) to (a re + b im, c re + d im), with coefficients for each lane that differ between vectors of even and
// odd popcount(y & parity_mask): what is linear over the real numbers alone, as conjugation is.
struct ReflectArgs {
    VectorSubset vectors;       // fixed contains the lowest bit of the mask, with value 0 there
    std::uint64_t parity_mask;  // 0: all vectors are even
    std::uint32_t pair_offset;  // of its lowest bit
    const void* even;           // a, b, c, d, of W scalars each; null: these vectors stay as they are
    const void* odd;
};

// Multiplies by phases in factored form: vector v of row r takes factor[r] * table[key[r]][v]. The table runs over
// the lanes and the vector bits of `inner`, rows are counted by the other vector bits in ascending order.
// What depends on the block's cold bits: a row's factor is multiplied by outer[b] for each of its set bits b, an entry
// of a table by inner[b] likewise.
struct PhaseArgs {
    VectorSubset vectors;  // fixed is `inner`, with value 0 there
    int row_bits;
    int table_bits;                      // of an amplitude's index inside a table, the lanes first
    const std::uint32_t* inner_offsets;  // of the table's vectors: 2^(table_bits - lane_bits)
    const std::uint32_t* inner_entries;  // the index of their first lane inside a table, likewise
    const double* factors;               // [row] real parts, then imaginary parts
    const unsigned char* keys;           // [row]
    int tables;                          // 0: no table at all
    const void* table;                   // [key][vector] of W real parts, W imaginary parts
    const unsigned char* trivial;        // [key]: the table is all ones
    const double* outer;                 // re, im of each row bit, or null: all ones
    const double* inner;                 // re, im of each table bit, or null: all ones
    int lane_flip;                       // index bits of lane l are those of l ^ lane_flip
    std::uint64_t table_scratch;         // where the scratch for tables begins, behind 2 * rows doubles
    void* scratch;                       // doubles: of rows, of two tables' entries; then all tables
};

// Turns and then phases for one load and store. The axes of the turns are the lowest bits of the number of a vector in
// the phases' table; where the vectors are is told by the phases.
struct TurnPhaseArgs {
    TurnArgs turns;
    PhaseArgs phases;
};

// Of one string in PauliSumsArgs.
struct StringSigns {
    std::uint64_t vector_signs;  // vectors y with odd popcount(y & vector_signs) count negatively
    const void* lane_signs;      // W scalars: 1, -1, or 0 for lanes that do not count
};

// Adds to sums[k], for the strings k of a group that flips the same bits, the sum over all vectors y of the subset and
// their lanes l of
//   sign * conj(bra[y ^ f][l ^ lane_flip]) * ket[y][l],
// its real part for the first real_count strings, its imaginary part for all others.
struct PauliSumsArgs {
    VectorSubset vectors;
    const void* bra;            // a block of the same layout as the ket, or the same block
    std::uint32_t flip_offset;  // of f
    int lane_flip;
    const StringSigns* strings;
    int real_count;
    int count;
    double* sums;
    void* scratch;  // pauli_scratch_bytes for each string
};
constexpr std::uint64_t pauli_scratch_bytes = line_bytes + sizeof(std::uint32_t);

// Strings that flip one vector bit each, an axis: adds to sums[a] the sum over vectors y and their lanes of
//   conj(bra[y ^ axis a]) * ket[y].
// Of two blocks, over all vectors: its imaginary part, or its real part with a minus for those y that have the bit. Of
// a block that is bra and ket, over those without the bit: either part.
constexpr int max_read_axes = 3;
struct AxisSumsArgs {
    VectorSubset vectors;  // fixed contains the axes, none of them among the lowest bits of a line, with value 0 there
    const void* bra;       // a block of the same layout as the ket, or the same block
    int axes;              // 1 to max_read_axes
    std::uint32_t axis_offsets[max_read_axes];
    bool imaginary;
    double* sums;
};

// Turns of two states that are read before, one string for each axis: adds to sums[a] as AxisSumsArgs says of two
// blocks. Then turns the bra, or both.
enum class Turned : std::uint8_t { bra, both };
struct ReadTurnArgs {
    TurnArgs turns;  // 1 to max_read_axes axes alone, as in AxisSumsArgs; all imaginary, or none
    void* bra;       // a block of the same layout as the ket
    Turned turned;
    Prefetch* bra_prefetch;  // as that of the vectors
    double* sums;
};

// Of one diagonal string in ReadPhaseArgs: how the signs of the amplitudes in a row of a table follow from their place.
struct PhaseString {
    std::uint64_t row_signs;  // rows y with odd popcount(y & row_signs) count negatively
    unsigned entry;           // likewise of the wide vectors in a row, by number,
    unsigned part_signs;      // and of their parts
    const void* lane_signs;   // W scalars, 1 or -1
};

// Phases of two states, the table of which has 2^read_phase_table_bits entries. Before them, adds to sums[k] the sum
// over all vectors y of the block and their lanes of
//   sign * conj(bra[y]) * ket[y],
// its imaginary part, for each of the strings k. Then multiplies the bra, or both.
constexpr int read_phase_table_bits = 7;
struct ReadPhaseArgs {
    PhaseArgs phases;
    void* bra;  // a block of the same layout as the ket
    Turned turned;
    Prefetch* bra_prefetch;  // as that of the vectors
    const PhaseString* strings;
    int count;
    double* sums;
    void* scratch;  // a line for each string
};

// Of one string in PauliApplyArgs.
struct WeightedSigns {
    std::uint64_t vector_signs;  // vectors y with odd popcount(y & vector_signs) count negatively
    const void* lane_signs;      // W scalars: 1, -1, or 0 for lanes that do not count
    double coefficient;
};
// Strings that flip the same bits, on the vectors with (y & fixed) == value.
struct PauliGroup {
    std::uint64_t fixed;
    std::uint64_t value;
    std::uint32_t flip_offset;  // of the flipped vector bits f
    int lane_flip;
    const WeightedSigns* strings;
    int real_count;
    int count;
};

// Adds to result[y][l], for each group, the sum of its strings' coefficients, with their signs at y and l, times
// ket[y ^ f][l ^ lane_flip]; the coefficients are real for the first real_count strings, and times i for all others.
struct PauliApplyArgs {
    VectorSubset vectors;  // all of them
    const void* ket;       // another block of the same layout
    const PauliGroup* groups;
    int count;
};

struct Kernels {  // for one scalar type
    int lane_bits;
    int max_turn_axes;
    void (*gather)(const void* state, void* block, const CopyArgs& args);
    void (*scatter)(void* state, const void* block, const CopyArgs& args);
    void (*dense)(void* block, const DenseArgs& args);
    void (*diagonal)(void* block, const DiagonalArgs& args);
    void (*exchange)(void* block, const ExchangeArgs& args);
    void (*rotation)(void* block, const RotationArgs& args);
    void (*turn)(void* block, const TurnArgs& args);
    void (*phase)(void* block, const PhaseArgs& args);
    void (*turn_phase)(void* block, const TurnPhaseArgs& args);
    void (*reflect)(void* block, const ReflectArgs& args);
    void (*pauli_sums)(const void* ket, const PauliSumsArgs& args);
    void (*axis_sums)(const void* ket, const AxisSumsArgs& args);
    void (*read_turn)(void* ket, const ReadTurnArgs& args);
    void (*read_phase)(void* ket, const ReadPhaseArgs& args);
    void (*pauli_apply)(void* result, const PauliApplyArgs& args);
    // The squared norms of leaves that follow each other in memory, one number each.
    void (*leaf_norms)(const void* amplitudes, std::uint64_t leaves, double* norms);
    // For measuring: does multiply-adds in registers, writes W scalars, returns how many real ones they were.
    std::uint64_t (*fma_probe)(void* vector, std::uint64_t iterations);
};

struct KernelTable {
    const char* name;  // "portable", "avx2", "avx512", "neon"
    Kernels single;
    Kernels double_;
};

}  // namespace ketjet
