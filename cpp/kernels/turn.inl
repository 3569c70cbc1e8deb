// Rotations of one-qubit planes, up to three axes and all lanes for one load and store (TurnArgs). A tile of 2^axes
// vectors stays in registers, or half of it at a time; which axes are imaginary is known at compile time. Products and
// sums are not fused: a fused pair needs copies of operands, and on some CPUs sums have execution units of their own.

namespace ketjet {
namespace {

template <int Rows, class T, class Flip>
KETJET_INLINE void turn_lanes_by(Flip flip, Vector<T>* re, Vector<T>* im, Vector<T> tangent, bool imaginary) {
    if (imaginary) {
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

template <class T, int Rows>
KETJET_INLINE void turn_lanes(Vector<T>* re, Vector<T>* im, const TurnArgs& args) {
    for (int k = 0; k < args.lane_turns; ++k) {
        const int flip = args.lane_flips[k];
        const Vector<T> tangent = load(static_cast<const T*>(args.lane_tangents) + k * lanes<T>);
        const bool imaginary = (args.imaginary_lanes >> k & 1) != 0;
        if (NearFlip<T>::does(flip)) {
            turn_lanes_by<Rows, T>(NearFlip<T>(flip), re, im, tangent, imaginary);
        } else {
            turn_lanes_by<Rows, T>(LaneFlip<T>(flip), re, im, tangent, imaginary);
        }
    }
}

// By what the axes of a call turn: a tangent each, one that each tile chooses (TurnArgs::pairs), or 1.
enum class TurnBy { tangents, choices, ones };

// The parts of a tile, real and imaginary ones of all rows, fall into two halves that never mix, for an imaginary axis
// turns the real part of a row with the imaginary part of another. Whether a row's part in a half is the imaginary one.
constexpr bool is_imaginary(int row, int imaginary_axes, int half) {
    return (__builtin_popcount(static_cast<unsigned>(row & imaginary_axes)) + half) % 2 != 0;
}

// Sums alone. Half of them are done by the units that multiply, if these are `Spare`: if no phases follow.
template <class T, bool Reversed, bool Spare>
KETJET_INLINE void turn_pair_by_one(Vector<T>& first, Vector<T>& second, Vector<T> one) {
    const Vector<T> a = first, b = second;
    first = Reversed ? a - b : a + b;
    if constexpr (Spare) {
        second = Reversed ? fused_sum(one, a, b) : fused_difference(one, a, b);
    } else {
        second = Reversed ? b + a : b - a;
    }
}

template <class T, bool Reversed>
KETJET_INLINE void turn_pair(Vector<T>& first, Vector<T>& second, Vector<T> tangent) {
    const Vector<T> a = first, b = second;
    first = Reversed ? a - tangent * b : a + tangent * b;
    second = Reversed ? b + tangent * a : b - tangent * a;
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

// All axes, on one half of a tile of so many rows, of which the lowest bits of a row's number are the axes.
template <class T, int Rows, int Axes, int ImaginaryAxes, int Half, TurnBy By, bool Spare, int Axis = 0, int Row = 0>
KETJET_INLINE void turn_half(Vector<T>* parts, const Tangents<T, By>& tangents, std::uint64_t number) {
    constexpr int other = Row | 1 << Axis;
    if constexpr (Axis == Axes) {
        return;
    } else if constexpr (Row == Rows) {
        turn_half<T, Rows, Axes, ImaginaryAxes, Half, By, Spare, Axis + 1, 0>(parts, tangents, number);
    } else {
        if constexpr (Row != other) {
            constexpr bool reversed = (ImaginaryAxes >> Axis & 1) != 0 && is_imaginary(Row, ImaginaryAxes, Half);
            if constexpr (By == TurnBy::ones) {
                turn_pair_by_one<T, reversed, Spare>(parts[Row], parts[other], tangents.one);
            } else {
                turn_pair<T, reversed>(parts[Row], parts[other], tangents.at(Axis, number));
            }
        }
        turn_half<T, Rows, Axes, ImaginaryAxes, Half, By, Spare, Axis, Row + 1>(parts, tangents, number);
    }
}

template <class T, int Rows, int Axes, int ImaginaryAxes, TurnBy By, bool Spare, int Half>
KETJET_INLINE void turn_half_of(Vector<T>* re, Vector<T>* im, const Tangents<T, By>& tangents, std::uint64_t number) {
    Vector<T> parts[Rows];
    KETJET_UNROLL
    for (int r = 0; r < Rows; ++r) parts[r] = is_imaginary(r, ImaginaryAxes, Half) ? im[r] : re[r];
    turn_half<T, Rows, Axes, ImaginaryAxes, Half, By, Spare>(parts, tangents, number);
    KETJET_UNROLL
    for (int r = 0; r < Rows; ++r) (is_imaginary(r, ImaginaryAxes, Half) ? im[r] : re[r]) = parts[r];
}

// All turns of a tile in registers.
template <class T, int Rows, int Axes, int ImaginaryAxes, bool Lanes, TurnBy By, bool Spare>
KETJET_INLINE void turn_tile(Vector<T>* re, Vector<T>* im, const TurnArgs& args, const Tangents<T, By>& tangents,
                             std::uint64_t number) {
    if constexpr (By == TurnBy::choices) flip_rows<T, Axes>(re, im, args);
    if constexpr (Lanes) turn_lanes<T, Rows>(re, im, args);
    turn_half_of<T, Rows, Axes, ImaginaryAxes, By, Spare, 0>(re, im, tangents, number);
    turn_half_of<T, Rows, Axes, ImaginaryAxes, By, Spare, 1>(re, im, tangents, number);
    if constexpr (By == TurnBy::choices) flip_rows<T, Axes>(re, im, args);
}

// One half of the tile at an address, while the other one stays in memory.
template <class T, int Axes, int ImaginaryAxes, TurnBy By, int Half>
KETJET_INLINE void turn_half_in_memory(T* block, std::uint64_t address, const std::uint64_t* offsets,
                                       const Tangents<T, By>& tangents, std::uint64_t number) {
    constexpr int rows = 1 << Axes;
    Vector<T> parts[rows];
    KETJET_UNROLL
    for (int r = 0; r < rows; ++r) {
        parts[r] = load(block + (address ^ offsets[r]) + (is_imaginary(r, ImaginaryAxes, Half) ? lanes<T> : 0));
        KETJET_IN_REGISTER(parts[r]);
    }
    turn_half<T, rows, Axes, ImaginaryAxes, Half, By, true>(parts, tangents, number);
    KETJET_FORGET(address);
    KETJET_UNROLL
    for (int r = 0; r < rows; ++r) {
        store(block + (address ^ offsets[r]) + (is_imaginary(r, ImaginaryAxes, Half) ? lanes<T> : 0), parts[r]);
    }
}

// A tile of three axes fits into 32 registers; of 16 it takes half of it at a time, unless lanes or phases need all of
// it: then some of it is spilled, which costs less than another pass.
#if defined(__AVX512F__) || defined(KETJET_NEON)
constexpr int max_turn_axes = 3, whole_tile_axes = 3;
#elif defined(__AVX2__)
constexpr int max_turn_axes = 3, whole_tile_axes = 2;
#else
constexpr int max_turn_axes = 2, whole_tile_axes = 2;
#endif

// With an idle axis, or two, a tile has more rows than its turns need: what a tile takes besides is shared by them.
template <class T, int Axes, int ImaginaryAxes, bool Lanes, TurnBy By, int IdleAxes = 0>
void turn_tiles(T* block, const TurnArgs& args) {
    constexpr int rows = 1 << (Axes + IdleAxes);
    VectorSubset subset = args.vectors;
    std::uint64_t axis_offsets[Axes + IdleAxes + 1];
    for (int axis = 0; axis < Axes; ++axis) axis_offsets[axis] = args.axis_offsets[axis];
    for (int axis = Axes; axis < Axes + IdleAxes; ++axis) axis_offsets[axis] = fix_lowest_bit(subset);
    std::uint64_t offsets[rows];
    offsets[0] = 0;
    KETJET_UNROLL
    for (int axis = 0; axis < Axes + IdleAxes; ++axis) {
        for (int r = 0; r < 1 << axis; ++r) offsets[r | 1 << axis] = offsets[r] ^ axis_offsets[axis];
    }
    const Tangents<T, By> tangents(args);
    typename ChooseWalk<(Axes >= fetching_turn_axes)>::Walk walk(subset);
    for (std::uint64_t i = 0; i < walk.count; ++i) {
        const std::uint64_t number = walk.number();
        std::uint64_t address = walk.next();
        if constexpr (Axes > whole_tile_axes && !Lanes) {
            turn_half_in_memory<T, Axes, ImaginaryAxes, By, 0>(block, address, offsets, tangents, number);
            turn_half_in_memory<T, Axes, ImaginaryAxes, By, 1>(block, address, offsets, tangents, number);
        } else {
            Vector<T> re[rows], im[rows];
            KETJET_UNROLL
            for (int r = 0; r < rows; ++r) {
                re[r] = load(block + (address ^ offsets[r]));
                im[r] = load(block + (address ^ offsets[r]) + lanes<T>);
                KETJET_IN_REGISTER(re[r]);
                KETJET_IN_REGISTER(im[r]);
            }
            turn_tile<T, rows, Axes, ImaginaryAxes, Lanes, By, true>(re, im, args, tangents, number);
            KETJET_FORGET(address);
            KETJET_UNROLL
            for (int r = 0; r < rows; ++r) {
                store(block + (address ^ offsets[r]), re[r]);
                store(block + (address ^ offsets[r]) + lanes<T>, im[r]);
            }
        }
    }
}

constexpr int min_lane_axes = 2;  // of a tile whose lanes are turned, idle ones counted

template <class T, int Axes, int ImaginaryAxes>
void turn_lanes_and_tiles(T* block, const TurnArgs& args) {
    constexpr int idle = Axes < min_lane_axes ? min_lane_axes - Axes : 0;
    if (free_bits(args.vectors) >= idle) {
        turn_tiles<T, Axes, ImaginaryAxes, true, TurnBy::tangents, idle>(block, args);
    } else {
        turn_tiles<T, Axes, ImaginaryAxes, true, TurnBy::tangents>(block, args);
    }
}

template <class T, int Axes = 0, int ImaginaryAxes = 0>
void turn(void* memory, const TurnArgs& args) {
    if (args.axes == Axes && args.imaginary_axes == ImaginaryAxes) {
        T* const block = static_cast<T*>(memory);
        if (args.pairs) {
            turn_tiles<T, Axes, ImaginaryAxes, true, TurnBy::choices>(block, args);
        } else if (args.lane_turns > 0) {
            turn_lanes_and_tiles<T, Axes, ImaginaryAxes>(block, args);
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
