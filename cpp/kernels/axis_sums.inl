// Sums of products of amplitudes for strings that flip one vector bit each (AxisSumsArgs): several of them for one load
// of every vector. Every lane of a wide vector has a sum of its own, as in pauli_sums.inl.

namespace ketjet {
namespace {

constexpr std::uint64_t axis_steps_per_sum = 16;  // of 2^axes wide vectors: so few that single precision does

template <class T, int Axes, bool Imaginary>
void axis_sums_of(const void* ket_block, const AxisSumsArgs& args) {
    constexpr int rows = 1 << Axes;
    const T* const ket = static_cast<const T*>(ket_block);
    const T* const bra = static_cast<const T*>(args.bra);
    std::uint32_t offsets[rows] = {};
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
                           Vector<T> from_one[Axes] = {}, from_zero[Axes] = {};
                           for (std::uint64_t i = 0; i < count; ++i) {
                               const std::uint64_t address = walk.next() ^ offset;
                               Vector<T> re[rows], im[rows];
                               KETJET_UNROLL
                               for (int r = 0; r < rows; ++r) {
                                   re[r] = load(ket + (address ^ offsets[r]));
                                   im[r] = load(ket + (address ^ offsets[r]) + lanes<T>);
                               }
                               KETJET_UNROLL
                               for (int r = 0; r < rows; ++r) {
                                   const T* const faced = bra + (address ^ offsets[r]);
                                   const Vector<T> bra_re = load(faced), bra_im = load(faced + lanes<T>);
                                   KETJET_UNROLL
                                   for (int axis = 0; axis < Axes; ++axis) {
                                       const int other = r ^ 1 << axis;
                                       Vector<T>& sum = (r >> axis & 1) != 0 ? from_one[axis] : from_zero[axis];
                                       sum = Imaginary ? fma(bra_re, im[other], sum) : fma(bra_re, re[other], sum);
                                       sum = Imaginary ? fnma(bra_im, re[other], sum) : fma(bra_im, im[other], sum);
                                   }
                               }
                           }
                           KETJET_UNROLL
                           for (int axis = 0; axis < Axes; ++axis) {
                               sums[axis][part] =
                                   Imaginary ? from_one[axis] + from_zero[axis] : from_one[axis] - from_zero[axis];
                           }
                       });
        KETJET_UNROLL
        for (int axis = 0; axis < Axes; ++axis) args.sums[axis] += sum_of<T>(sum_of_vectors<wide_parts<T>>(sums[axis]));
    }
}

template <class T, int Axes>
KETJET_INLINE void axis_sums_on(const void* ket, const AxisSumsArgs& args) {
    args.imaginary ? axis_sums_of<T, Axes, true>(ket, args) : axis_sums_of<T, Axes, false>(ket, args);
}

template <class T>
void axis_sums(const void* ket, const AxisSumsArgs& args) {
    if (args.axes == 1) return axis_sums_on<T, 1>(ket, args);
    if (args.axes == 2) return axis_sums_on<T, 2>(ket, args);
    axis_sums_on<T, max_read_axes>(ket, args);
}

}  // namespace
}  // namespace ketjet
