// Dense k-qubit gates. Targets are split into axes (bits of the vector number) and lanes (bits inside a vector);
// a lane target is reached by flipping lanes, with coefficients that differ from lane to lane. Sums run over
// m = row ^ column in ascending order, which is the same order for every lane width.

namespace ketjet {
namespace {

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

#if defined(__AVX512F__) || defined(KETJET_NEON)
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
