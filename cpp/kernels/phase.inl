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

// v *= factor
template <class T>
KETJET_INLINE void multiply(T* v, Vector<T> re, Vector<T> im) {
    const Vector<T> x = load(v), y = load(v + lanes<T>);
    store(v, fnma(im, y, re * x));
    store(v + lanes<T>, fma(im, x, re * y));
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
        for (std::uint64_t first = 0; first < entries; first += lanes<T>, in += stride<T>, out += stride<T>) {
            for (std::uint64_t lane = 0; lane < lanes<T>; ++lane) {
                const std::uint64_t entry = first + (lane ^ static_cast<std::uint64_t>(args.lane_flip));
                const T a = static_cast<T>(re[entry]), b = static_cast<T>(im[entry]);
                out[lane] = fused(-b, in[lanes<T> + lane], a * in[lane]);
                out[lanes<T> + lane] = fused(b, in[lane], a * in[lanes<T> + lane]);
            }
        }
    }
    return tables;
}

template <class T>
void phase(void* memory, const PhaseArgs& args) {
    T* const block = static_cast<T*>(memory);
    const std::uint64_t rows = std::uint64_t{1} << args.row_bits;
    const std::uint64_t vectors = std::uint64_t{1} << (args.table_bits - lane_bits<T>);
    const double* const own = row_factors(args);
    const double* const factors = own != nullptr ? own : args.factors;
    const T* const tables = args.tables > 0 ? block_tables<T>(args) : nullptr;
    SubsetWalk walk(args.vectors);
    for (std::uint64_t row = 0; row < rows; ++row) {
        const std::uint32_t address = walk.next();
        const ComplexDouble factor{factors[row], factors[rows + row]};
        const Vector<T> fr = splat(static_cast<T>(factor.re)), fi = splat(static_cast<T>(factor.im));
        const std::uint64_t key = args.tables > 0 ? args.keys[row] : 0;
        if (args.tables == 0 || (args.inner == nullptr && args.trivial[key])) {
            if (is_one(factor)) continue;
            KETJET_UNROLL
            for (std::uint64_t v = 0; v < vectors; ++v) multiply(block + (address ^ args.inner_offsets[v]), fr, fi);
            continue;
        }
        const T* const table = tables + key * vectors * stride<T>;
        if (is_one(factor)) {
            KETJET_UNROLL
            for (std::uint64_t v = 0; v < vectors; ++v) {
                multiply(block + (address ^ args.inner_offsets[v]), load(table + v * stride<T>),
                         load(table + v * stride<T> + lanes<T>));
            }
            continue;
        }
        KETJET_UNROLL
        for (std::uint64_t v = 0; v < vectors; ++v) {
            const Vector<T> re = load(table + v * stride<T>), im = load(table + v * stride<T> + lanes<T>);
            multiply(block + (address ^ args.inner_offsets[v]), fnma(fi, im, fr * re), fma(fi, re, fr * im));
        }
    }
}

}  // namespace
}  // namespace ketjet
