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

// Exchanges lane bit Bit with the axis that tells vector a from vector b.
template <class T, int Bit, int... Lane>
KETJET_INLINE void exchange_lane(Vector<T>& a, Vector<T>& b, LaneList<Lane...>) {
    constexpr int flip = 1 << Bit;
    const Vector<T> low = __builtin_shufflevector(a, b, (Lane & flip ? lanes<T> + (Lane ^ flip) : Lane)...);
    const Vector<T> high = __builtin_shufflevector(a, b, (Lane & flip ? lanes<T> + Lane : (Lane ^ flip))...);
    a = low;
    b = high;
}

// What is done to the four rows of a matrix on two targets before and after: nothing, or Bit is exchanged with the axis
// that tells even rows from odd ones.
template <class T>
struct NoExchange {
    KETJET_INLINE void operator()(Vector<T>*) const {}
};
template <class T, int Bit>
struct ExchangeLane {
    KETJET_INLINE void operator()(Vector<T>* rows) const {
        exchange_lane<T, Bit>(rows[0], rows[1], AllLanes<T>{});
        exchange_lane<T, Bit>(rows[2], rows[3], AllLanes<T>{});
    }
};

#if defined(__AVX512F__)
constexpr bool many_registers = true;  // 32
#else
constexpr bool many_registers = false;  // 16: too few for the inputs and all sums of four rows
#endif

// A matrix on two targets in three parts, one sum of each row after the other: with few registers, two thirds of the
// time. Rounds as all at once does.
template <class T, int LaneMask, bool PerLane, class Exchange>
void dense_part_by_part(T* block, const DenseArgs& args, const std::uint64_t* row_offsets, Exchange exchange) {
    constexpr int rows = 4;
    const T* __restrict const coefficients = static_cast<const T*>(args.coefficients);
    std::uint64_t offsets[rows];
    KETJET_UNROLL
    for (int r = 0; r < rows; ++r) offsets[r] = row_offsets[r];
    FetchingWalk walk(args.vectors);
    for (std::uint64_t i = 0; i < walk.count; ++i) {
        std::uint64_t address = walk.next();
        Vector<T> x[rows], first[rows], re[rows], im[rows];
        KETJET_UNROLL
        for (int r = 0; r < rows; ++r) {
            const T* const v = block + (address ^ offsets[r]);
            x[r] = load(v) + load(v + lanes<T>);
        }
        exchange(x);
        add_part<T, rows, LaneMask, PerLane, 0>(coefficients, x, first);
        KETJET_FORGET(address);
        KETJET_UNROLL
        for (int r = 0; r < rows; ++r) x[r] = load(block + (address ^ offsets[r]) + lanes<T>);
        exchange(x);
        add_part<T, rows, LaneMask, PerLane, 2>(coefficients, x, re);
        KETJET_UNROLL
        for (int r = 0; r < rows; ++r) re[r] = first[r] - re[r];
        exchange(re);
        KETJET_FORGET(address);
        KETJET_UNROLL
        for (int r = 0; r < rows; ++r) {
            T* const v = block + (address ^ offsets[r]);
            x[r] = load(v);
            KETJET_IN_REGISTER(x[r]);
            store(v, re[r]);
        }
        exchange(x);
        add_part<T, rows, LaneMask, PerLane, 1>(coefficients, x, im);
        KETJET_UNROLL
        for (int r = 0; r < rows; ++r) im[r] = first[r] + im[r];
        exchange(im);
        KETJET_UNROLL
        for (int r = 0; r < rows; ++r) store(block + (address ^ offsets[r]) + lanes<T>, im[r]);
    }
}

template <class T, int Axes, int LaneMask, bool PerLane, int Parts, bool Even>
void dense_fixed(T* block, const DenseArgs& args) {
    if constexpr (Parts == 3 && Axes == 2 && !many_registers) {
        return dense_part_by_part<T, LaneMask, PerLane>(block, args, args.row_offsets, NoExchange<T>{});
    }
    constexpr int rows = 1 << Axes;
    const T* __restrict const coefficients = static_cast<const T*>(args.coefficients);
    std::uint64_t offsets[rows];
    KETJET_UNROLL
    for (int r = 0; r < rows; ++r) offsets[r] = args.row_offsets[r];
    FetchingWalk walk(args.vectors);
    for (std::uint64_t i = 0; i < walk.count; ++i) {
        const std::uint64_t address = walk.next();
        Vector<T> xr[rows], xi[rows], both[rows];
        KETJET_UNROLL
        for (int r = 0; r < rows; ++r) {
            xr[r] = load(block + (address ^ offsets[r]));
            xi[r] = load(block + (address ^ offsets[r]) + lanes<T>);
            both[r] = Parts < 3 ? Vector<T>{} : xr[r] + xi[r];
        }
        Sum<T> sums[rows];
        add_terms<T, rows, LaneMask, PerLane, Parts, Even>(coefficients, xr, xi, both, sums);
        KETJET_UNROLL
        for (int r = 0; r < rows; ++r) store_sum<T, Parts>(block + (address ^ offsets[r]), sums[r]);
    }
}

// Two targets, one of them lane bit Bit: the lane changes places with a helper axis, so that the matrix works on whole
// vectors with scalar coefficients. Rows count the lane target first, then the other.
template <class T, int Bit, int Parts, bool Even>
void dense_with_helper(T* block, const DenseArgs& args) {
    constexpr int rows = 4;
    const T* __restrict const coefficients = static_cast<const T*>(args.coefficients);
    const std::uint64_t offsets[rows] = {0, args.helper_offset, args.row_offsets[1],
                                         args.row_offsets[1] ^ args.helper_offset};
    if constexpr (Parts == 3 && !many_registers) {
        return dense_part_by_part<T, 0, false>(block, args, offsets, ExchangeLane<T, Bit>{});
    }
    const ExchangeLane<T, Bit> exchange;
    FetchingWalk walk(args.vectors);
    for (std::uint64_t i = 0; i < walk.count; ++i) {
        const std::uint64_t address = walk.next();
        Vector<T> xr[rows], xi[rows], both[rows];
        KETJET_UNROLL
        for (int r = 0; r < rows; ++r) {
            xr[r] = load(block + (address ^ offsets[r]));
            xi[r] = load(block + (address ^ offsets[r]) + lanes<T>);
        }
        exchange(xr);
        exchange(xi);
        KETJET_UNROLL
        for (int r = 0; r < rows; ++r) both[r] = Parts < 3 ? Vector<T>{} : xr[r] + xi[r];
        Sum<T> sums[rows];
        add_terms<T, rows, 0, false, Parts, Even>(coefficients, xr, xi, both, sums);
        KETJET_UNROLL
        for (int r = 0; r < rows; ++r) {
            xr[r] = Parts == 3 ? sums[r].first - sums[r].third : sums[r].second;
            xi[r] = Parts == 3 ? sums[r].first + sums[r].second : sums[r].third;
        }
        exchange(xr);
        exchange(xi);
        KETJET_UNROLL
        for (int r = 0; r < rows; ++r) {
            store(block + (address ^ offsets[r]), xr[r]);
            store(block + (address ^ offsets[r]) + lanes<T>, xi[r]);
        }
    }
}

// Four rows of one part of a wide gate without lane targets: rows that share inputs, four at a time. `inputs` and
// `coefficients` begin with this part's.
template <class T>
KETJET_INLINE void multiply_four_rows(const T* coefficients, const T* inputs, std::uint64_t first, std::uint64_t rows,
                                      Vector<T>* sums) {
    KETJET_UNROLL
    for (int r = 0; r < 4; ++r) sums[r] = Vector<T>{};
    for (std::uint64_t m = 0; m < rows; m += 4) {
        Vector<T> x[4];
        KETJET_UNROLL
        for (std::uint64_t r = 0; r < 4; ++r) x[r] = load(inputs + ((first ^ m) + r) * 3 * lanes<T>);
        KETJET_UNROLL
        for (std::uint64_t term = 0; term < 4; ++term) {
            KETJET_UNROLL
            for (std::uint64_t r = 0; r < 4; ++r) {
                sums[r] = fma(splat(coefficients[3 * (r * rows + m + term)]), x[r ^ term], sums[r]);
            }
        }
    }
}

// Group rows of a wide gate at once, from inputs copied to scratch (see dense_any).
template <class T, int Group, bool PerLane, int Parts>
KETJET_INLINE void multiply_rows(T* block, std::uint64_t address, const DenseArgs& args, const T* inputs,
                                 int pattern_bits) {
    constexpr std::uint64_t width = PerLane ? static_cast<std::uint64_t>(lanes<T>) : 1;
    const std::uint64_t rows = std::uint64_t{1} << args.axes, terms = rows << pattern_bits;
    for (std::uint64_t first = 0; first < rows; first += Group) {
        Sum<T> sums[Group]{};
        const T* const c = static_cast<const T*>(args.coefficients) + Parts * first * terms * width;
        if constexpr (Group == 4 && Parts == 3 && !PerLane) {
            Vector<T> parts[3][4];
            multiply_four_rows(c, inputs + 2 * lanes<T>, first, rows, parts[0]);
            multiply_four_rows(c + 1, inputs, first, rows, parts[1]);
            multiply_four_rows(c + 2, inputs + lanes<T>, first, rows, parts[2]);
            KETJET_UNROLL
            for (std::uint64_t r = 0; r < Group; ++r) {
                const Sum<T> sum{parts[0][r], parts[1][r], parts[2][r]};
                store_sum<T, Parts>(block + (address ^ args.row_offsets[first + r]), sum);
            }
            continue;
        }
        for (std::uint64_t m = 0; m < terms; ++m) {
            KETJET_UNROLL
            for (std::uint64_t r = 0; r < Group; ++r) {
                // Input row r ^ (m >> pattern_bits), flipped by the pattern in the low bits of m.
                const T* const x = inputs + (((first + r) << pattern_bits) ^ m) * 3 * lanes<T>;
                const T* const entry = c + Parts * (r * terms + m) * width;
                const T* const entry1 = Parts < 2 ? entry : entry + width;
                const T* const entry2 = Parts < 3 ? entry : entry + 2 * width;
                accumulate<T, Parts, false>(
                    sums[r], PerLane ? load(entry) : splat(entry[0]), PerLane ? load(entry1) : splat(entry1[0]),
                    PerLane ? load(entry2) : splat(entry2[0]), load(x), load(x + lanes<T>), load(x + 2 * lanes<T>));
            }
        }
        KETJET_UNROLL
        for (std::uint64_t r = 0; r < Group; ++r) {
            store_sum<T, Parts>(block + (address ^ args.row_offsets[first + r]), sums[r]);
        }
    }
}

// Any number of targets: inputs and their lane flips are copied to scratch, then each row is one long sum.
template <class T, bool PerLane, int Parts>
void dense_any(T* block, const DenseArgs& args) {
    T* const inputs = static_cast<T*>(args.scratch);
    const std::uint64_t rows = std::uint64_t{1} << args.axes;
    const int pattern_bits = __builtin_popcount(static_cast<unsigned>(args.lane_mask));
    const std::uint64_t patterns = std::uint64_t{1} << pattern_bits;
    FetchingWalk walk(args.vectors);
    for (std::uint64_t i = 0; i < walk.count; ++i) {
        const std::uint64_t address = walk.next();
        for (std::uint64_t p = 0; p < patterns; ++p) {
            with_lane_flip<T>(spread(static_cast<int>(p), args.lane_mask), [&](auto flip) {
                constexpr int f = decltype(flip)::value;
                for (std::uint64_t r = 0; r < rows; ++r) {
                    const T* const v = block + (address ^ args.row_offsets[r]);
                    T* const x = inputs + (r * patterns + p) * 3 * lanes<T>;
                    const Vector<T> re = flip_lanes<f>(load(v)), im = flip_lanes<f>(load(v + lanes<T>));
                    store(x, re);
                    store(x + lanes<T>, im);
                    store(x + 2 * lanes<T>, re + im);
                }
            });
        }
        if (rows % 4 == 0) {
            multiply_rows<T, 4, PerLane, Parts>(block, address, args, inputs, pattern_bits);
        } else {
            multiply_rows<T, 1, PerLane, Parts>(block, address, args, inputs, pattern_bits);
        }
    }
}

template <class T, int Axes, int LaneMask, bool PerLane, int Parts>
bool dense_structured(T* block, const DenseArgs& args) {
    if constexpr (Axes + popcount_of(LaneMask) == 2 && Parts < 3) {
        if (args.even) return dense_fixed<T, Axes, LaneMask, PerLane, Parts, true>(block, args), true;
    }
    return dense_fixed<T, Axes, LaneMask, PerLane, Parts, false>(block, args), true;
}

template <class T, int LaneMask, bool PerLane, int Parts>
bool dense_with_lanes(T* block, const DenseArgs& args) {
    constexpr int lane_targets = popcount_of(LaneMask);
    if constexpr (lane_targets >= 1 && lane_targets <= 2) {
        if (args.axes == 0) return dense_structured<T, 0, LaneMask, PerLane, Parts>(block, args);
    }
    if constexpr (lane_targets <= 1) {
        if (args.axes == 1) return dense_structured<T, 1, LaneMask, PerLane, Parts>(block, args);
    }
    if constexpr (lane_targets == 0) {
        if (args.axes == 2) return dense_structured<T, 2, LaneMask, PerLane, Parts>(block, args);
    }
    return false;
}

template <class T, int Parts, int LaneMask = 0>
bool dense_specialised(T* block, const DenseArgs& args) {
    if (args.lane_mask == LaneMask) {
        if (args.per_lane) return dense_with_lanes<T, LaneMask, true, Parts>(block, args);
        if constexpr (LaneMask == 0) return dense_with_lanes<T, LaneMask, false, Parts>(block, args);
        return false;
    }
    if constexpr (LaneMask + 1 < lanes<T>) return dense_specialised<T, Parts, LaneMask + 1>(block, args);
    return false;
}

template <class T, int Parts, int Bit = 0>
void dense_helped(T* block, const DenseArgs& args) {
    if (args.lane_mask == 1 << Bit) {
        if constexpr (Parts < 3) {
            if (args.even) return dense_with_helper<T, Bit, Parts, true>(block, args);
        }
        dense_with_helper<T, Bit, Parts, false>(block, args);
    } else if constexpr (Bit + 1 < lane_bits<T>) {
        dense_helped<T, Parts, Bit + 1>(block, args);
    }
}

template <class T, int Parts>
void dense_sized(T* block, const DenseArgs& args) {
    if (args.helper_offset != 0) return dense_helped<T, Parts>(block, args);
    if (dense_specialised<T, Parts>(block, args)) return;
    if (args.per_lane) {
        dense_any<T, true, Parts>(block, args);
    } else {
        dense_any<T, false, Parts>(block, args);
    }
}

template <class T>
void dense(void* memory, const DenseArgs& args) {
    T* const block = static_cast<T*>(memory);
    if (args.parts == 1) {
        dense_sized<T, 1>(block, args);
    } else if (args.parts == 2) {
        dense_sized<T, 2>(block, args);
    } else {
        dense_sized<T, 3>(block, args);
    }
}

}  // namespace
}  // namespace ketjet
