// Dense gates on any number of qubits: the inputs are copied first, then each row is one long sum.

namespace ketjet {
namespace {

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

}  // namespace
}  // namespace ketjet
