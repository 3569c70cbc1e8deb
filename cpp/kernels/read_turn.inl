// Turns of two states and, before them, what belongs to strings that flip one axis each (ReadTurnArgs): for one load of
// every vector, and one store of those that are turned. A tile is taken half by half, as turn.inl says, for products
// of its amplitudes never mix the halves either. Every lane of a wide vector has a sum of its own, as in
// pauli_sums.inl.

namespace ketjet {
namespace {

constexpr std::uint64_t read_turn_steps = 16;  // of 2^axes wide vectors, for a sum: so few that single precision does

// By the value of the axis where the bra is.
template <class T, int Axes>
struct TurnSums {
    Vector<T> at_one[Axes], at_zero[Axes];
};

// Adds up one half of a tile of both states.
template <class T, int Axes, int ImaginaryAxes, int Half>
KETJET_INLINE void add_half(const Vector<T>* ket, const Vector<T>* bra, TurnSums<T, Axes>& sums) {
    KETJET_UNROLL
    for (int r = 0; r < 1 << Axes; ++r) {
        KETJET_UNROLL
        for (int axis = 0; axis < Axes; ++axis) {
            Vector<T>& sum = (r >> axis & 1) != 0 ? sums.at_one[axis] : sums.at_zero[axis];
            const Vector<T> other = ket[r ^ 1 << axis];
            const bool negative = ImaginaryAxes != 0 && is_imaginary(r, ImaginaryAxes, Half);
            sum = negative ? fnma(bra[r], other, sum) : fma(bra[r], other, sum);
        }
    }
}

// One half of the tiles at an address.
template <class T, int Axes, int ImaginaryAxes, Turned turned, int Half>
KETJET_INLINE void read_and_turn_half(T* ket, T* bra, std::uint64_t address, const std::uint64_t* offsets,
                                      const Tangents<T, TurnBy::tangents>& tangents, TurnSums<T, Axes>& sums) {
    constexpr int rows = 1 << Axes;
    const auto place = [&](int r) __attribute__((always_inline)) {
        return (address ^ offsets[r]) + (is_imaginary(r, ImaginaryAxes, Half) ? lanes<T> : 0);
    };
    Vector<T> ket_parts[rows], bra_parts[rows];
    KETJET_UNROLL
    for (int r = 0; r < rows; ++r) {
        ket_parts[r] = load(ket + place(r));
        bra_parts[r] = load(bra + place(r));
        KETJET_IN_REGISTER(ket_parts[r]);
        KETJET_IN_REGISTER(bra_parts[r]);
    }
    add_half<T, Axes, ImaginaryAxes, Half>(ket_parts, bra_parts, sums);
    turn_half<T, rows, Axes, ImaginaryAxes, Half, TurnBy::tangents, false>(bra_parts, tangents, 0);
    if constexpr (turned == Turned::both) {
        turn_half<T, rows, Axes, ImaginaryAxes, Half, TurnBy::tangents, false>(ket_parts, tangents, 0);
    }
    KETJET_FORGET(address);
    KETJET_UNROLL
    for (int r = 0; r < rows; ++r) {
        store(bra + place(r), bra_parts[r]);
        if constexpr (turned == Turned::both) store(ket + place(r), ket_parts[r]);
    }
}

template <class T, int Axes, bool Imaginary, Turned turned>
void read_turn_of(void* ket_block, const ReadTurnArgs& args) {
    constexpr int imaginary_axes = Imaginary ? (1 << Axes) - 1 : 0;
    T* const ket = static_cast<T*>(ket_block);
    T* const bra = static_cast<T*>(args.bra);
    std::uint64_t offsets[1 << Axes] = {};
    for (int axis = 0; axis < Axes; ++axis) {
        for (int r = 0; r < 1 << axis; ++r) offsets[r | 1 << axis] = offsets[r] ^ args.turns.axis_offsets[axis];
    }
    const Tangents<T, TurnBy::tangents> tangents(args.turns);
    Prefetch* const ahead[] = {args.turns.vectors.prefetch, args.bra_prefetch};
    WideWalk<T> wide(args.turns.vectors);
    for (std::uint64_t done = 0; done < wide.walk.count; done += read_turn_steps) {
        Vector<T> sums[Axes][wide_parts<T>] = {};
        const std::uint64_t left = wide.walk.count - done;
        wide.steps(
            left < read_turn_steps ? left : read_turn_steps,
            [&](int part, SubsetWalk& walk, std::uint64_t, std::uint32_t offset,
                std::uint64_t count) __attribute__((always_inline)) {
                TurnSums<T, Axes> own = {};
                for (std::uint64_t i = 0; i < count; ++i) {
                    for (Prefetch* const prefetch : ahead) {
                        if (prefetch != nullptr) fetch_lines(*prefetch);
                    }
                    const std::uint64_t address = walk.next() ^ offset;
                    read_and_turn_half<T, Axes, imaginary_axes, turned, 0>(ket, bra, address, offsets, tangents, own);
                    read_and_turn_half<T, Axes, imaginary_axes, turned, 1>(ket, bra, address, offsets, tangents, own);
                }
                KETJET_UNROLL
                for (int axis = 0; axis < Axes; ++axis) {
                    sums[axis][part] =
                        Imaginary ? own.at_one[axis] + own.at_zero[axis] : own.at_one[axis] - own.at_zero[axis];
                }
            });
        KETJET_UNROLL
        for (int axis = 0; axis < Axes; ++axis) args.sums[axis] += sum_of<T>(sum_of_vectors<wide_parts<T>>(sums[axis]));
    }
}

template <class T, int Axes, bool Imaginary>
KETJET_INLINE void read_turn_on(void* ket, const ReadTurnArgs& args) {
    if (args.turned == Turned::both) return read_turn_of<T, Axes, Imaginary, Turned::both>(ket, args);
    read_turn_of<T, Axes, Imaginary, Turned::bra>(ket, args);
}

template <class T, int Axes = 1>
void read_turn(void* ket, const ReadTurnArgs& args) {
    if constexpr (Axes < max_read_axes) {
        if (args.turns.axes != Axes) return read_turn<T, Axes + 1>(ket, args);
    }
    args.turns.imaginary_axes != 0 ? read_turn_on<T, Axes, true>(ket, args) : read_turn_on<T, Axes, false>(ket, args);
}

}  // namespace
}  // namespace ketjet
