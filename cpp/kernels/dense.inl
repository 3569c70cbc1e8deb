// Dense k-qubit gates. Targets are split into axes (bits of the vector number) and lanes (bits inside a vector);
// a lane target is reached by flipping lanes, with coefficients that differ from lane to lane. Sums run over
// m = row ^ column in ascending order, which is the same order for every lane width.

namespace ketjet {
namespace {

constexpr int popcount_of(int mask) { return mask == 0 ? 0 : (mask & 1) + popcount_of(mask >> 1); }

// The p-th subset of the bits of `mask`.
constexpr int spread(int p, int mask) {
    int result = 0;
    for (int b = 1; b <= mask; b <<= 1) {
        if (mask & b) {
            if (p & 1) result |= b;
            p >>= 1;
        }
    }
    return result;
}

template <class T, bool PerLane>
KETJET_INLINE Vector<T> coefficient(const T* coefficients, int index) {
    if constexpr (PerLane) {
        return load(coefficients + index * lanes<T>);
    } else {
        return splat(coefficients[index]);
    }
}

// re + i im += c * (xr + i xi), or = for the first term.
template <class T, bool Real, bool First>
KETJET_INLINE void accumulate(Vector<T>& re, Vector<T>& im, Vector<T> cr, Vector<T> ci, Vector<T> xr, Vector<T> xi) {
    re = First ? cr * xr : fma(cr, xr, re);
    im = First ? cr * xi : fma(cr, xi, im);
    if constexpr (!Real) {
        re = fnma(ci, xi, re);
        im = fma(ci, xr, im);
    }
}

// Term m of every output row, then the next one: rows are independent chains of sums, so they go side by side. The
// lane flip of a term is a compile-time constant, hence recursion and no loop.
template <class T, int Rows, int LaneMask, bool PerLane, bool Real, int Term>
KETJET_INLINE void add_terms(const T* coefficients, const Vector<T>* xr, const Vector<T>* xi, Vector<T>* re,
                             Vector<T>* im) {
    constexpr int patterns = 1 << popcount_of(LaneMask);
    constexpr int terms = Rows * patterns;
    if constexpr (Term < terms) {
        constexpr int flip = spread(Term % patterns, LaneMask);
        KETJET_UNROLL
        for (int row = 0; row < Rows; ++row) {
            const int other = row ^ (Term / patterns);
            const int index = 2 * (row * terms + Term);
            const Vector<T> ci = Real ? Vector<T>{} : coefficient<T, PerLane>(coefficients, index + 1);
            accumulate<T, Real, Term == 0>(re[row], im[row], coefficient<T, PerLane>(coefficients, index), ci,
                                           flip_lanes<flip>(xr[other]), flip_lanes<flip>(xi[other]));
        }
        add_terms<T, Rows, LaneMask, PerLane, Real, Term + 1>(coefficients, xr, xi, re, im);
    }
}

template <class T, int Axes, int LaneMask, bool PerLane, bool Real>
void dense_fixed(T* block, const DenseArgs& args) {
    constexpr int rows = 1 << Axes;
    const T* __restrict const coefficients = static_cast<const T*>(args.coefficients);
    std::uint64_t offsets[rows];
    KETJET_UNROLL
    for (int r = 0; r < rows; ++r) offsets[r] = args.row_offsets[r] * stride<T>;
    SubsetWalk walk(args.vectors);
    for (std::uint64_t i = 0; i < walk.count; ++i) {
        T* const base = block + walk.next() * stride<T>;
        Vector<T> xr[rows], xi[rows];
        KETJET_UNROLL
        for (int r = 0; r < rows; ++r) {
            xr[r] = load(base + offsets[r]);
            xi[r] = load(base + offsets[r] + lanes<T>);
        }
        Vector<T> re[rows], im[rows];
        add_terms<T, rows, LaneMask, PerLane, Real, 0>(coefficients, xr, xi, re, im);
        KETJET_UNROLL
        for (int r = 0; r < rows; ++r) {
            store(base + offsets[r], re[r]);
            store(base + offsets[r] + lanes<T>, im[r]);
        }
    }
}

// Group rows of a wide gate at once, from inputs copied to scratch (see dense_any).
template <class T, int Group, bool PerLane>
KETJET_INLINE void multiply_rows(T* base, const DenseArgs& args, const T* inputs, int pattern_bits) {
    constexpr std::uint64_t width = PerLane ? static_cast<std::uint64_t>(lanes<T>) : 1;
    const std::uint64_t rows = std::uint64_t{1} << args.axes, terms = rows << pattern_bits;
    for (std::uint64_t first = 0; first < rows; first += Group) {
        Vector<T> re[Group]{}, im[Group]{};
        const T* const c = static_cast<const T*>(args.coefficients) + 2 * first * terms * width;
        for (std::uint64_t m = 0; m < terms; ++m) {
            KETJET_UNROLL
            for (std::uint64_t r = 0; r < Group; ++r) {
                // Input row r ^ (m >> pattern_bits), flipped by the pattern in the low bits of m.
                const T* const x = inputs + (((first + r) << pattern_bits) ^ m) * stride<T>;
                const T* const entry = c + 2 * (r * terms + m) * width;
                const Vector<T> cr = PerLane ? load(entry) : splat(entry[0]);
                const Vector<T> ci = PerLane ? load(entry + width) : splat(entry[1]);
                accumulate<T, false, false>(re[r], im[r], cr, ci, load(x), load(x + lanes<T>));
            }
        }
        KETJET_UNROLL
        for (std::uint64_t r = 0; r < Group; ++r) {
            T* const v = base + args.row_offsets[first + r] * stride<T>;
            store(v, re[r]);
            store(v + lanes<T>, im[r]);
        }
    }
}

// Any number of targets: inputs and their lane flips are copied to scratch, then each row is one long sum.
template <class T, bool PerLane>
void dense_any(T* block, const DenseArgs& args) {
    T* const inputs = static_cast<T*>(args.scratch);
    const std::uint64_t rows = std::uint64_t{1} << args.axes;
    const int pattern_bits = __builtin_popcount(static_cast<unsigned>(args.lane_mask));
    const std::uint64_t patterns = std::uint64_t{1} << pattern_bits;
    SubsetWalk walk(args.vectors);
    for (std::uint64_t i = 0; i < walk.count; ++i) {
        T* const base = block + walk.next() * stride<T>;
        for (std::uint64_t p = 0; p < patterns; ++p) {
            with_lane_flip<T>(spread(static_cast<int>(p), args.lane_mask), [&](auto flip) {
                constexpr int f = decltype(flip)::value;
                for (std::uint64_t r = 0; r < rows; ++r) {
                    const T* const v = base + args.row_offsets[r] * stride<T>;
                    T* const x = inputs + (r * patterns + p) * stride<T>;
                    store(x, flip_lanes<f>(load(v)));
                    store(x + lanes<T>, flip_lanes<f>(load(v + lanes<T>)));
                }
            });
        }
        if (rows % 4 == 0) {
            multiply_rows<T, 4, PerLane>(base, args, inputs, pattern_bits);
        } else {
            multiply_rows<T, 1, PerLane>(base, args, inputs, pattern_bits);
        }
    }
}

template <class T, int LaneMask, bool PerLane, bool Real>
bool dense_with_lanes(T* block, const DenseArgs& args) {
    constexpr int lane_targets = popcount_of(LaneMask);
    if constexpr (lane_targets >= 1 && lane_targets <= 2) {
        if (args.axes == 0) return dense_fixed<T, 0, LaneMask, PerLane, Real>(block, args), true;
    }
    if constexpr (lane_targets <= 1) {
        if (args.axes == 1) return dense_fixed<T, 1, LaneMask, PerLane, Real>(block, args), true;
    }
    if constexpr (lane_targets == 0) {
        if (args.axes == 2) return dense_fixed<T, 2, LaneMask, PerLane, Real>(block, args), true;
    }
    return false;
}

template <class T, bool Real, int LaneMask = 0>
bool dense_specialised(T* block, const DenseArgs& args) {
    if (args.lane_mask == LaneMask) {
        if (args.per_lane) return dense_with_lanes<T, LaneMask, true, Real>(block, args);
        if constexpr (LaneMask == 0) return dense_with_lanes<T, LaneMask, false, Real>(block, args);
        return false;
    }
    if constexpr (LaneMask + 1 < lanes<T>) return dense_specialised<T, Real, LaneMask + 1>(block, args);
    return false;
}

template <class T>
void dense(void* memory, const DenseArgs& args) {
    T* const block = static_cast<T*>(memory);
    if (args.real ? dense_specialised<T, true>(block, args) : dense_specialised<T, false>(block, args)) return;
    if (args.per_lane) {
        dense_any<T, true>(block, args);
    } else {
        dense_any<T, false>(block, args);
    }
}

}  // namespace
}  // namespace ketjet
