// Turns and phases in one pass (TurnPhaseArgs): a row of the phases is cut into tiles of the turns, so that a layer of
// diagonal operations costs multiplications only, and no load and store of its own.

namespace ketjet {
namespace {

template <class T, int Size, bool Table, bool Factor>
KETJET_INLINE void store_tile(T* block, std::uint64_t address, const std::uint64_t* offsets, const Vector<T>* re,
                              const Vector<T>* im, const RowPhases<T>& row, std::uint64_t first) {
    KETJET_UNROLL
    for (int r = 0; r < Size; ++r) {
        T* const target = block + (address ^ offsets[r]);
        if constexpr (Table || Factor) {
            store_phased<T, Table, Factor>(target, re[r], im[r], row, first + static_cast<std::uint64_t>(r));
        } else {
            store(target, re[r]);
            store(target + lanes<T>, im[r]);
        }
    }
}

template <class T, int Axes, int ImaginaryAxes, TurnBy By, int IdleAxes = 0>
void turn_phase_tiles(T* block, const TurnPhaseArgs& args) {
    constexpr int size = 1 << (Axes + IdleAxes);
    const TurnArgs& turns = args.turns;
    const BlockPhases<T> phases(args.phases);
    std::uint64_t offsets[size];
    KETJET_UNROLL
    for (int r = 0; r < size; ++r) offsets[r] = args.phases.inner_offsets[r] ^ args.phases.inner_offsets[0];
    const Tangents<T, By> tangents(turns);
    FetchingWalk walk(args.phases.vectors);
    for (std::uint64_t i = 0; i < phases.rows; ++i) {
        const std::uint64_t row_address = walk.next();
        const RowPhases<T> row = phases.of_row(i);
        std::uint64_t next = row_address ^ args.phases.inner_offsets[0];
        for (std::uint64_t first = 0; first < phases.vectors; first += size) {
            std::uint64_t address = next;
            next = row_address ^ args.phases.inner_offsets[(first + size) & (phases.vectors - 1)];
            Vector<T> re[size], im[size];
            KETJET_UNROLL
            for (int r = 0; r < size; ++r) {
                re[r] = load(block + (address ^ offsets[r]));
                im[r] = load(block + (address ^ offsets[r]) + lanes<T>);
                KETJET_IN_REGISTER(re[r]);
                KETJET_IN_REGISTER(im[r]);
            }
            turn_tile<T, size, Axes, ImaginaryAxes, true, By, false>(re, im, turns, tangents, first);
            KETJET_FORGET(address);
            if (row.table == nullptr) {
                if (row.is_one) {
                    store_tile<T, size, false, false>(block, address, offsets, re, im, row, first);
                } else {
                    store_tile<T, size, false, true>(block, address, offsets, re, im, row, first);
                }
            } else if (row.is_one) {
                store_tile<T, size, true, false>(block, address, offsets, re, im, row, first);
            } else {
                store_tile<T, size, true, true>(block, address, offsets, re, im, row, first);
            }
        }
    }
}

template <class T, int Axes = 0, int ImaginaryAxes = 0>
void turn_phase(void* memory, const TurnPhaseArgs& args) {
    if (args.turns.axes == Axes && args.turns.imaginary_axes == ImaginaryAxes) {
        constexpr int idle = Axes < min_lane_axes ? min_lane_axes - Axes : 0;
        T* const block = static_cast<T*>(memory);
        if (args.turns.pairs) {
            turn_phase_tiles<T, Axes, ImaginaryAxes, TurnBy::choices>(block, args);
        } else if (args.turns.by_ones) {
            turn_phase_tiles<T, Axes, ImaginaryAxes, TurnBy::ones>(block, args);
        } else if (args.turns.lane_turns > 0 && args.phases.table_bits - lane_bits<T> >= Axes + idle) {
            turn_phase_tiles<T, Axes, ImaginaryAxes, TurnBy::tangents, idle>(block, args);
        } else {
            turn_phase_tiles<T, Axes, ImaginaryAxes, TurnBy::tangents>(block, args);
        }
    } else if constexpr (ImaginaryAxes + 1 < (1 << Axes)) {
        turn_phase<T, Axes, ImaginaryAxes + 1>(memory, args);
    } else if constexpr (Axes < max_turn_axes) {
        turn_phase<T, Axes + 1, 0>(memory, args);
    }
}

}  // namespace
}  // namespace ketjet
