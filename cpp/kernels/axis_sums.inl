// Sums of products of amplitudes for strings that flip one vector bit each (AxisSumsArgs): several of them for one load
// of every vector. Every lane of a wide vector has a sum of its own, as in pauli_sums.inl.

namespace ketjet {
namespace {

constexpr std::uint64_t axis_steps_per_sum = 16;  // of 2^axes wide vectors: so few that single precision does

// What some of the vectors add up to, for each axis in two sums. Of two states these are of the vectors with the bit
// and of those without. In one state these face each other, so that each of the latter gives a product: half of the
// products go to each sum, and neither has to wait for the other.
template <class T, int Axes, bool Imaginary, bool OneState>
struct AxisSums {
    static constexpr int rows = 1 << Axes;
    Vector<T> of_one[Axes] = {}, of_zero[Axes] = {};

    // Takes in the vectors of a tile.
    KETJET_INLINE void add(const T* bra, const T* ket, const std::uint32_t* offsets, std::uint64_t address) {
        Vector<T> re[rows], im[rows];
        KETJET_UNROLL
        for (int r = 0; r < rows; ++r) {
            re[r] = load(ket + (address ^ offsets[r]));
            im[r] = load(ket + (address ^ offsets[r]) + lanes<T>);
        }
        KETJET_UNROLL
        for (int r = 0; r < rows; ++r) {
            const T* const faced = bra + (address ^ offsets[r]);
            const Vector<T> bra_re = OneState ? re[r] : load(faced), bra_im = OneState ? im[r] : load(faced + lanes<T>);
            KETJET_UNROLL
            for (int axis = 0; axis < Axes; ++axis) {
                const int other = r ^ 1 << axis;
                if (OneState && other > r) continue;
                Vector<T>& sum = goes_to_one(r, axis) ? of_one[axis] : of_zero[axis];
                sum = Imaginary ? fma(bra_re, im[other], sum) : fma(bra_re, re[other], sum);
                sum = Imaginary ? fnma(bra_im, re[other], sum) : fma(bra_im, im[other], sum);
            }
        }
    }
    KETJET_INLINE Vector<T> sum(int axis) const {
        return OneState || Imaginary ? of_one[axis] + of_zero[axis] : of_one[axis] - of_zero[axis];
    }

 private:
    static constexpr bool goes_to_one(int r, int axis) {
        return OneState ? __builtin_parity(static_cast<unsigned>(r)) != 0 : (r >> axis & 1) != 0;
    }
};

template <class T, int Axes, bool Imaginary, bool OneState>
void axis_sums_of(const void* ket_block, const AxisSumsArgs& args) {
    const T* const ket = static_cast<const T*>(ket_block);
    const T* const bra = static_cast<const T*>(args.bra);
    std::uint32_t offsets[1 << Axes] = {};
    for (int axis = 0; axis < Axes; ++axis) {
        for (int r = 0; r < 1 << axis; ++r) offsets[r | 1 << axis] = offsets[r] ^ args.axis_offsets[axis];
    }
    WideWalk<T> wide(args.vectors);
    for (std::uint64_t done = 0; done < wide.walk.count; done += axis_steps_per_sum) {
        Vector<T> sums[Axes][wide_parts<T>] = {};
        const std::uint64_t left = wide.walk.count - done;
        wide.steps(left < axis_steps_per_sum ? left : axis_steps_per_sum,
                   [&](int part, SubsetWalk& walk, std::uint64_t, std::uint32_t offset, std::uint64_t count)
                       __attribute__((always_inline)) {
                           AxisSums<T, Axes, Imaginary, OneState> found;
                           for (std::uint64_t i = 0; i < count; ++i) found.add(bra, ket, offsets, walk.next() ^ offset);
                           KETJET_UNROLL
                           for (int axis = 0; axis < Axes; ++axis) sums[axis][part] = found.sum(axis);
                       });
        KETJET_UNROLL
        for (int axis = 0; axis < Axes; ++axis) args.sums[axis] += sum_of<T>(sum_of_vectors<wide_parts<T>>(sums[axis]));
    }
}

template <class T, int Axes>
KETJET_INLINE void axis_sums_on(const void* ket, const AxisSumsArgs& args) {
    if (args.bra == ket) {
        args.imaginary ? axis_sums_of<T, Axes, true, true>(ket, args) : axis_sums_of<T, Axes, false, true>(ket, args);
    } else {
        args.imaginary ? axis_sums_of<T, Axes, true, false>(ket, args) : axis_sums_of<T, Axes, false, false>(ket, args);
    }
}

template <class T>
void axis_sums(const void* ket, const AxisSumsArgs& args) {
    if (args.axes == 1) return axis_sums_on<T, 1>(ket, args);
    if (args.axes == 2) return axis_sums_on<T, 2>(ket, args);
    axis_sums_on<T, max_read_axes>(ket, args);
}

}  // namespace
}  // namespace ketjet
