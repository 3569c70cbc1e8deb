// The sums of products that dense gates are made of, in one, two or three parts.

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

// A sum of complex products c x, with c stored in one, two or three parts:
// 1: re alone, a real c; the sums of re xr and re xi;
// 2: (re, im); the sums as they are defined, four real products each;
// 3: (re, im - re, im + re); three real products each (Gauss): first = re (xr + xi), second = (im - re) xr,
//    third = (im + re) xi, the real part is first - third, the imaginary one first + second.
template <class T>
struct Sum {
    Vector<T> first, second, third;
};

template <class T, int Parts, bool First>
KETJET_INLINE void accumulate(Sum<T>& sum, Vector<T> c0, Vector<T> c1, Vector<T> c2, Vector<T> xr, Vector<T> xi,
                              Vector<T> both) {
    if constexpr (Parts == 3) {
        sum.first = First ? c0 * both : fma(c0, both, sum.first);
        sum.second = First ? c1 * xr : fma(c1, xr, sum.second);
        sum.third = First ? c2 * xi : fma(c2, xi, sum.third);
    } else {
        sum.second = First ? c0 * xr : fma(c0, xr, sum.second);
        sum.third = First ? c0 * xi : fma(c0, xi, sum.third);
        if constexpr (Parts == 2) {
            sum.second = fnma(c1, xi, sum.second);
            sum.third = fma(c1, xr, sum.third);
        }
    }
}

template <class T, int Parts>
KETJET_INLINE void store_sum(T* v, const Sum<T>& sum) {
    store(v, Parts == 3 ? sum.first - sum.third : sum.second);
    store(v + lanes<T>, Parts == 3 ? sum.first + sum.second : sum.third);
}

// Term m of every output row, then the next one: rows are independent chains of sums, so they go side by side. The
// lane flip of a term is a compile-time constant, hence recursion and no loop. An even matrix has terms 0 and 3 alone.
template <class T, int Rows, int LaneMask, bool PerLane, int Parts, bool Even, int Term = 0>
KETJET_INLINE void add_terms(const T* coefficients, const Vector<T>* xr, const Vector<T>* xi, const Vector<T>* both,
                             Sum<T>* sums) {
    constexpr int patterns = 1 << popcount_of(LaneMask);
    constexpr int terms = Rows * patterns;
    if constexpr (Term < terms) {
        constexpr int flip = spread(Term % patterns, LaneMask);
        KETJET_UNROLL
        for (int row = 0; row < Rows; ++row) {
            const int other = row ^ (Term / patterns);
            const int index = Parts * (row * terms + Term);
            const Vector<T> c1 = Parts < 2 ? Vector<T>{} : coefficient<T, PerLane>(coefficients, index + 1);
            const Vector<T> c2 = Parts < 3 ? Vector<T>{} : coefficient<T, PerLane>(coefficients, index + 2);
            accumulate<T, Parts, Term == 0>(sums[row], coefficient<T, PerLane>(coefficients, index), c1, c2,
                                            flip_lanes<flip>(xr[other]), flip_lanes<flip>(xi[other]),
                                            Parts < 3 ? Vector<T>{} : flip_lanes<flip>(both[other]));
        }
        add_terms<T, Rows, LaneMask, PerLane, Parts, Even, Term + (Even ? 3 : 1)>(coefficients, xr, xi, both, sums);
    }
}

// One of the three sums of real products of every output row, in the order of add_terms.
template <class T, int Rows, int LaneMask, bool PerLane, int Part, int Term = 0>
KETJET_INLINE void add_part(const T* coefficients, const Vector<T>* x, Vector<T>* sums) {
    constexpr int patterns = 1 << popcount_of(LaneMask);
    constexpr int terms = Rows * patterns;
    if constexpr (Term < terms) {
        constexpr int flip = spread(Term % patterns, LaneMask);
        KETJET_UNROLL
        for (int row = 0; row < Rows; ++row) {
            const Vector<T> c = coefficient<T, PerLane>(coefficients, 3 * (row * terms + Term) + Part);
            const Vector<T> term = flip_lanes<flip>(x[row ^ (Term / patterns)]);
            sums[row] = Term == 0 ? c * term : fma(c, term, sums[row]);
        }
        add_part<T, Rows, LaneMask, PerLane, Part, Term + 1>(coefficients, x, sums);
    }
}

}  // namespace
}  // namespace ketjet
