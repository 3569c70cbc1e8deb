// Rotations of one-qubit planes, up to three axes and all lanes for one load and store (TurnArgs). A tile of 2^axes
// vectors stays in registers; which axes are imaginary is known at compile time. Products and sums are not fused: a
// fused pair needs copies of operands, and on some CPUs sums have execution units of their own.

namespace ketjet {
namespace {

template <class T, int Rows>
KETJET_INLINE void turn_lanes(Vector<T>* re, Vector<T>* im, const TurnArgs& args) {
    for (int k = 0; k < args.lane_turns; ++k) {
        const LaneFlip<T> flip(args.lane_flips[k]);
        const Vector<T> tangent = load(static_cast<const T*>(args.lane_tangents) + k * lanes<T>);
        if (args.imaginary_lanes >> k & 1) {
            KETJET_UNROLL
            for (int r = 0; r < Rows; ++r) {
                const Vector<T> other_re = flip(re[r]), other_im = flip(im[r]);
                re[r] = re[r] + tangent * other_im;
                im[r] = im[r] - tangent * other_re;
            }
        } else {
            KETJET_UNROLL
            for (int r = 0; r < Rows; ++r) {
                re[r] = re[r] + tangent * flip(re[r]);
                im[r] = im[r] + tangent * flip(im[r]);
            }
        }
    }
}

// By what the axes of a call turn: a tangent each, one that each tile chooses (TurnArgs::pairs), or 1.
enum class TurnBy { tangents, choices, ones };

// Sums alone. Half of them are done by the units that multiply, if these are `Spare`: if no phases follow.
template <class T, int Rows, int Axis, bool Imaginary, bool Spare>
KETJET_INLINE void turn_axis_by_one(Vector<T>* re, Vector<T>* im, Vector<T> one) {
    constexpr int step = 1 << Axis;
    KETJET_UNROLL
    for (int r = 0; r < Rows; ++r) {
        if (r & step) continue;
        const int other = r | step;
        const Vector<T> re0 = re[r], im0 = im[r], re1 = re[other], im1 = im[other];
        re[r] = re0 + (Imaginary ? im1 : re1);
        re[other] = Imaginary ? re1 + im0 : re1 - re0;
        if constexpr (Spare) {
            im[r] = Imaginary ? fused_difference(one, re1, im0) : fused_sum(one, im1, im0);
            im[other] = fused_difference(one, Imaginary ? re0 : im0, im1);
        } else {
            im[r] = Imaginary ? im0 - re1 : im0 + im1;
            im[other] = im1 - (Imaginary ? re0 : im0);
        }
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

// What the axes turn by, in registers where it is the same for all tiles.
template <class T, TurnBy By>
struct Tangents {
    Vector<T> values[3];

    KETJET_INLINE explicit Tangents(const TurnArgs& args) {
        for (int axis = 0; axis < 3; ++axis) values[axis] = splat(static_cast<T>(args.tangents[axis]));
    }
    KETJET_INLINE Vector<T> at(int axis, std::uint64_t) const { return values[axis]; }
};
// In the tile whose first vector has a given number.
template <class T>
struct Tangents<T, TurnBy::choices> {
    const T* values;
    const int* choosing_bits;

    KETJET_INLINE explicit Tangents(const TurnArgs& args)
        : values(static_cast<const T*>(args.axis_tangents)), choosing_bits(args.choosing_bits) {}
    KETJET_INLINE Vector<T> at(int axis, std::uint64_t number) const {
        const std::uint64_t choice = number >> choosing_bits[axis] & 1;
        return load(values + (2 * static_cast<std::uint64_t>(axis) + choice) * lanes<T>);
    }
};

template <class T>
struct Tangents<T, TurnBy::ones> {
    Vector<T> one = splat(T(1));

    KETJET_INLINE explicit Tangents(const TurnArgs&) {}
};

// Where an axis exchanges lanes too, puts those that are turned with each other into one place; the second time, back.
template <class T, int Axes>
KETJET_INLINE void flip_rows(Vector<T>* re, Vector<T>* im, const TurnArgs& args) {
    for (int axis = 0; axis < Axes; ++axis) {
        if (args.axis_lane_flips[axis] == 0) continue;
        const LaneFlip<T> flip(args.axis_lane_flips[axis]);
        KETJET_UNROLL
        for (int r = 0; r < 1 << Axes; ++r) {
            if ((r >> axis & 1) == 0) continue;
            re[r] = flip(re[r]);
            im[r] = flip(im[r]);
        }
    }
}

template <class T, int Axes, int ImaginaryAxes, TurnBy By, bool Spare, int Axis = 0>
KETJET_INLINE void turn_all_axes(Vector<T>* re, Vector<T>* im, const Tangents<T, By>& tangents, std::uint64_t number) {
    if constexpr (Axis < Axes) {
        constexpr bool imaginary = (ImaginaryAxes >> Axis & 1) != 0;
        if constexpr (By == TurnBy::ones) {
            turn_axis_by_one<T, 1 << Axes, Axis, imaginary, Spare>(re, im, tangents.one);
        } else {
            turn_axis<T, 1 << Axes, Axis, imaginary>(re, im, tangents.at(Axis, number));
        }
        turn_all_axes<T, Axes, ImaginaryAxes, By, Spare, Axis + 1>(re, im, tangents, number);
    }
}

// All turns of a tile in registers.
template <class T, int Axes, int ImaginaryAxes, bool Lanes, TurnBy By, bool Spare>
KETJET_INLINE void turn_tile(Vector<T>* re, Vector<T>* im, const TurnArgs& args, const Tangents<T, By>& tangents,
                             std::uint64_t number) {
    if constexpr (By == TurnBy::choices) flip_rows<T, Axes>(re, im, args);
    if constexpr (Lanes) turn_lanes<T, 1 << Axes>(re, im, args);
    turn_all_axes<T, Axes, ImaginaryAxes, By, Spare>(re, im, tangents, number);
    if constexpr (By == TurnBy::choices) flip_rows<T, Axes>(re, im, args);
}

template <class T, int Axes, int ImaginaryAxes, bool Lanes, TurnBy By>
void turn_tiles(T* block, const TurnArgs& args) {
    constexpr int rows = 1 << Axes;
    std::uint64_t offsets[rows];
    KETJET_UNROLL
    for (int r = 0; r < rows; ++r) {
        offsets[r] = (r & 1 ? args.axis_offsets[0] : 0) ^ (r & 2 ? args.axis_offsets[1] : 0) ^
                     (r & 4 ? args.axis_offsets[2] : 0);
    }
    const Tangents<T, By> tangents(args);
    typename ChooseWalk<(Axes >= fetching_turn_axes)>::Walk walk(args.vectors);
    for (std::uint64_t i = 0; i < walk.count; ++i) {
        const std::uint64_t number = walk.number();
        std::uint64_t address = walk.next();
        Vector<T> re[rows], im[rows];
        KETJET_UNROLL
        for (int r = 0; r < rows; ++r) {
            re[r] = load(block + (address ^ offsets[r]));
            im[r] = load(block + (address ^ offsets[r]) + lanes<T>);
            KETJET_IN_REGISTER(re[r]);
            KETJET_IN_REGISTER(im[r]);
        }
        turn_tile<T, Axes, ImaginaryAxes, Lanes, By, true>(re, im, args, tangents, number);
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
        T* const block = static_cast<T*>(memory);
        if (args.pairs) {
            turn_tiles<T, Axes, ImaginaryAxes, true, TurnBy::choices>(block, args);
        } else if (args.lane_turns > 0) {
            turn_tiles<T, Axes, ImaginaryAxes, true, TurnBy::tangents>(block, args);
        } else if (args.by_ones) {
            turn_tiles<T, Axes, ImaginaryAxes, false, TurnBy::ones>(block, args);
        } else {
            turn_tiles<T, Axes, ImaginaryAxes, false, TurnBy::tangents>(block, args);
        }
    } else if constexpr (ImaginaryAxes + 1 < (1 << Axes)) {
        turn<T, Axes, ImaginaryAxes + 1>(memory, args);
    } else if constexpr (Axes < max_turn_axes) {
        turn<T, Axes + 1, 0>(memory, args);
    }
}

}  // namespace
}  // namespace ketjet
