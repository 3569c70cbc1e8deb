// Rotations of one-qubit planes, up to three axes and all lanes for one load and store (TurnArgs). A tile of 2^axes
// vectors stays in registers; which axes are imaginary is known at compile time. Products and sums are not fused: a
// fused pair needs copies of operands, and on some CPUs sums have execution units of their own.

namespace ketjet {
namespace {

// One lane bit of every vector of the tile.
template <class T, int Rows, int Flip>
KETJET_INLINE void turn_lanes(Vector<T>* re, Vector<T>* im, Vector<T> tangent, bool imaginary) {
    if (imaginary) {
        KETJET_UNROLL
        for (int r = 0; r < Rows; ++r) {
            const Vector<T> other_re = flip_lanes<Flip>(re[r]), other_im = flip_lanes<Flip>(im[r]);
            re[r] = re[r] + tangent * other_im;
            im[r] = im[r] - tangent * other_re;
        }
    } else {
        KETJET_UNROLL
        for (int r = 0; r < Rows; ++r) {
            re[r] = re[r] + tangent * flip_lanes<Flip>(re[r]);
            im[r] = im[r] + tangent * flip_lanes<Flip>(im[r]);
        }
    }
}

template <class T, int Rows, int Bit = 0>
KETJET_INLINE void turn_all_lanes(Vector<T>* re, Vector<T>* im, const TurnArgs& args) {
    if constexpr (Bit < lane_bits<T>) {
        if (args.lane_mask >> Bit & 1) {
            turn_lanes<T, Rows, 1 << Bit>(re, im, load(static_cast<const T*>(args.lane_tangents) + Bit * lanes<T>),
                                          (args.imaginary_lanes >> Bit & 1) != 0);
        }
        turn_all_lanes<T, Rows, Bit + 1>(re, im, args);
    }
}

template <class T, int Rows, int Axis, bool Imaginary>
KETJET_INLINE void turn_axis(Vector<T>* re, Vector<T>* im, Vector<T> tangent) {
    constexpr int step = 1 << Axis;
    KETJET_UNROLL
    for (int r = 0; r < Rows; ++r) {
        if (r & step) continue;
        const int other = r | step;
        const Vector<T> re0 = re[r], im0 = im[r], re1 = re[other], im1 = im[other];
        re[r] = re0 + tangent * (Imaginary ? im1 : re1);
        im[r] = Imaginary ? im0 - tangent * re1 : im0 + tangent * im1;
        re[other] = Imaginary ? re1 + tangent * im0 : re1 - tangent * re0;
        im[other] = im1 - tangent * (Imaginary ? re0 : im0);
    }
}

template <class T, int Axes, int ImaginaryAxes, int Axis = 0>
KETJET_INLINE void turn_all_axes(Vector<T>* re, Vector<T>* im, const Vector<T>* tangents) {
    if constexpr (Axis < Axes) {
        turn_axis<T, 1 << Axes, Axis, (ImaginaryAxes >> Axis & 1) != 0>(re, im, tangents[Axis]);
        turn_all_axes<T, Axes, ImaginaryAxes, Axis + 1>(re, im, tangents);
    }
}

template <class T, int Axes, int ImaginaryAxes, bool Lanes>
void turn_tiles(T* block, const TurnArgs& args) {
    constexpr int rows = 1 << Axes;
    std::uint64_t offsets[rows];
    KETJET_UNROLL
    for (int r = 0; r < rows; ++r) {
        offsets[r] = (r & 1 ? args.axis_offsets[0] : 0) ^ (r & 2 ? args.axis_offsets[1] : 0) ^
                     (r & 4 ? args.axis_offsets[2] : 0);
    }
    const Vector<T> tangents[3] = {splat(static_cast<T>(args.tangents[0])), splat(static_cast<T>(args.tangents[1])),
                                   splat(static_cast<T>(args.tangents[2]))};
    typename ChooseWalk<(Axes >= fetching_turn_axes)>::Walk walk(args.vectors);
    for (std::uint64_t i = 0; i < walk.count; ++i) {
        std::uint64_t address = walk.next();
        Vector<T> re[rows], im[rows];
        KETJET_UNROLL
        for (int r = 0; r < rows; ++r) {
            re[r] = load(block + (address ^ offsets[r]));
            im[r] = load(block + (address ^ offsets[r]) + lanes<T>);
            KETJET_IN_REGISTER(re[r]);
            KETJET_IN_REGISTER(im[r]);
        }
        if constexpr (Lanes) turn_all_lanes<T, rows>(re, im, args);
        turn_all_axes<T, Axes, ImaginaryAxes>(re, im, tangents);
        KETJET_FORGET(address);
        KETJET_UNROLL
        for (int r = 0; r < rows; ++r) {
            store(block + (address ^ offsets[r]), re[r]);
            store(block + (address ^ offsets[r]) + lanes<T>, im[r]);
        }
    }
}

#if defined(__AVX512F__)
constexpr int max_turn_axes = 3;  // 16 of 32 registers
#else
constexpr int max_turn_axes = 2;  // 8 of 16 registers
#endif

template <class T, int Axes = 0, int ImaginaryAxes = 0>
void turn(void* memory, const TurnArgs& args) {
    if (args.axes == Axes && args.imaginary_axes == ImaginaryAxes) {
        if (args.lane_mask != 0) {
            turn_tiles<T, Axes, ImaginaryAxes, true>(static_cast<T*>(memory), args);
        } else {
            turn_tiles<T, Axes, ImaginaryAxes, false>(static_cast<T*>(memory), args);
        }
    } else if constexpr (ImaginaryAxes + 1 < (1 << Axes)) {
        turn<T, Axes, ImaginaryAxes + 1>(memory, args);
    } else if constexpr (Axes < max_turn_axes) {
        turn<T, Axes + 1, 0>(memory, args);
    }
}

}  // namespace
}  // namespace ketjet
