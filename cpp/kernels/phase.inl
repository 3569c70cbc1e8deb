// Diagonal gates merged into one factored form (PhaseArgs): a short table over the inner bits times one factor a row,
// so that one pass serves any number of gates. What depends on the block is worked out first, by doubling.

namespace ketjet {
namespace {

struct ComplexDouble {
    double re;
    double im;
};
KETJET_INLINE ComplexDouble times(ComplexDouble a, ComplexDouble b) {
    return {__builtin_fma(-a.im, b.im, a.re * b.re), __builtin_fma(a.re, b.im, a.im * b.re)};
}
KETJET_INLINE bool is_one(ComplexDouble a) { return a.re == 1 && a.im == 0; }

KETJET_INLINE float fused(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
KETJET_INLINE double fused(double a, double b, double c) { return __builtin_fma(a, b, c); }

// The product of the factors of each index's set bits, for all indices of `bits` bits.
KETJET_INLINE void double_up(const double* factors, int bits, double* re, double* im) {
    re[0] = 1;
    im[0] = 0;
    for (int b = 0; b < bits; ++b) {
        const std::uint64_t half = std::uint64_t{1} << b;
        const ComplexDouble z{factors[2 * b], factors[2 * b + 1]};
        for (std::uint64_t i = 0; i < half; ++i) {
            const ComplexDouble product = times({re[i], im[i]}, z);
            re[half + i] = product.re;
            im[half + i] = product.im;
        }
    }
}

// The factor of every row of this block; null if those of the plan hold as they are.
KETJET_INLINE double* row_factors(const PhaseArgs& args) {
    if (args.outer == nullptr) return nullptr;
    const std::uint64_t rows = std::uint64_t{1} << args.row_bits;
    double* const re = static_cast<double*>(args.scratch);
    double* const im = re + rows;
    double_up(args.outer, args.row_bits, re, im);
    for (std::uint64_t i = 0; i < rows; ++i) {
        const ComplexDouble product = times({re[i], im[i]}, {args.factors[i], args.factors[rows + i]});
        re[i] = product.re;
        im[i] = product.im;
    }
    return re;
}

// All tables of this block: the plan's, times the inner factors that its cold bits select.
template <class T>
KETJET_INLINE const T* block_tables(const PhaseArgs& args) {
    if (args.inner == nullptr) return static_cast<const T*>(args.table);
    const std::uint64_t entries = std::uint64_t{1} << args.table_bits;
    double* const re = static_cast<double*>(args.scratch) + args.table_scratch;
    double* const im = re + entries;
    double_up(args.inner, args.table_bits, re, im);
    T* const tables = reinterpret_cast<T*>(im + entries);
    for (int key = 0; key < args.tables; ++key) {
        const T* in = static_cast<const T*>(args.table) + static_cast<std::uint64_t>(key) * 2 * entries;
        T* out = tables + static_cast<std::uint64_t>(key) * 2 * entries;
        for (std::uint64_t v = 0; v < entries >> lane_bits<T>; ++v, in += stride<T>, out += stride<T>) {
            for (std::uint64_t lane = 0; lane < lanes<T>; ++lane) {
                const std::uint64_t entry = args.inner_entries[v] + (lane ^ static_cast<std::uint64_t>(args.lane_flip));
                const T a = static_cast<T>(re[entry]), b = static_cast<T>(im[entry]);
                out[lane] = fused(-b, in[lanes<T> + lane], a * in[lane]);
                out[lanes<T> + lane] = fused(b, in[lane], a * in[lanes<T> + lane]);
            }
        }
    }
    return tables;
}

// What multiplies the vectors of one row: the factor, the table, or both.
template <class T>
struct RowPhases {
    Vector<T> re, im;  // the factor
    bool is_one;       // the factor
    const T* table;    // null: all ones
};

// The phases of all rows of this block.
template <class T>
struct BlockPhases {
    const PhaseArgs& args;
    std::uint64_t rows = std::uint64_t{1} << args.row_bits;
    std::uint64_t vectors = std::uint64_t{1} << (args.table_bits - lane_bits<T>);
    const double* factors;
    const T* tables;

    KETJET_INLINE explicit BlockPhases(const PhaseArgs& phase_args) : args(phase_args) {
        const double* const own = row_factors(args);
        factors = own != nullptr ? own : args.factors;
        tables = args.tables > 0 ? block_tables<T>(args) : nullptr;
    }
    KETJET_INLINE RowPhases<T> of_row(std::uint64_t row) const {
        const ComplexDouble factor{factors[row], factors[rows + row]};
        const std::uint64_t key = args.tables > 0 ? args.keys[row] : 0;
        const bool plain = args.tables == 0 || (args.inner == nullptr && args.trivial[key]);
        return {splat(static_cast<T>(factor.re)), splat(static_cast<T>(factor.im)), is_one(factor),
                plain ? nullptr : tables + key * vectors * stride<T>};
    }
};

template <class T>
KETJET_INLINE void store_product(T* target, Vector<T> x, Vector<T> y, Vector<T> re, Vector<T> im) {
    store(target, fnma(im, y, re * x));
    store(target + lanes<T>, fma(im, x, re * y));
}

// Stores (x, y) times what the row has for vector v of the table, at least one of factor and table.
template <class T, bool Table, bool Factor>
KETJET_INLINE void store_phased(T* target, Vector<T> x, Vector<T> y, const RowPhases<T>& row, std::uint64_t v) {
    if constexpr (Table) {
        const Vector<T> re = load(row.table + v * stride<T>), im = load(row.table + v * stride<T> + lanes<T>);
        if constexpr (Factor) {
            store_product(target, x, y, fnma(row.im, im, row.re * re), fma(row.im, re, row.re * im));
        } else {
            store_product(target, x, y, re, im);
        }
    } else {
        store_product(target, x, y, row.re, row.im);
    }
}

template <class T, bool Table, bool Factor>
KETJET_INLINE void phase_row(T* block, std::uint64_t address, const BlockPhases<T>& phases, const RowPhases<T>& row) {
    KETJET_UNROLL_PARTLY
    for (std::uint64_t v = 0; v < phases.vectors; ++v) {
        T* const vector = block + (address ^ phases.args.inner_offsets[v]);
        store_phased<T, Table, Factor>(vector, load(vector), load(vector + lanes<T>), row, v);
    }
}

template <class T>
void phase(void* memory, const PhaseArgs& args) {
    T* const block = static_cast<T*>(memory);
    const BlockPhases<T> phases(args);
    FetchingWalk walk(args.vectors);
    for (std::uint64_t i = 0; i < phases.rows; ++i) {
        const std::uint64_t address = walk.next();
        const RowPhases<T> row = phases.of_row(i);
        if (row.table == nullptr) {
            if (!row.is_one) phase_row<T, false, true>(block, address, phases, row);
        } else if (row.is_one) {
            phase_row<T, true, false>(block, address, phases, row);
        } else {
            phase_row<T, true, true>(block, address, phases, row);
        }
    }
}

}  // namespace
}  // namespace ketjet
