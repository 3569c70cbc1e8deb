// Sums of Pauli strings act on a block (PauliApplyArgs). A tile of the result stays in registers while all groups add
// to it. Tiles are made of wide vectors, so that numbers have the same digits for any lane width.

namespace ketjet {
namespace {

// The coefficient of a string in the lanes of a vector.
template <class T>
KETJET_INLINE Vector<T> lane_coefficients(const WeightedSigns& string, std::uint64_t number) {
    const T sign = static_cast<T>(1 - 2 * __builtin_parityll(number & string.vector_signs));
    return splat(sign * static_cast<T>(string.coefficient)) * load(static_cast<const T*>(string.lane_signs));
}

// The bits of a mask by which the vectors of a tile differ, as a number.
template <class T, int Axes>
KETJET_INLINE std::uint64_t tile_bits_of(std::uint64_t mask) {
    return mask / wide_parts<T> & ((std::uint64_t{1} << Axes) - 1);
}

// Which vectors of a tile count negatively, by the bits of a string in the tile.
template <class T, int Axes>
struct RowSigns {
    T values[1 << Axes][1 << Axes];

    KETJET_INLINE RowSigns() {
        for (std::uint32_t mask = 0; mask < 1U << Axes; ++mask) {
            for (std::uint32_t r = 0; r < 1U << Axes; ++r)
                values[mask][r] = static_cast<T>(1 - 2 * __builtin_parity(mask & r));
        }
    }
};

// The sums of some strings' coefficients for the vectors of a tile, of which the first one has this number: added up
// for each vector if the strings are few, otherwise by their bits in the tile, and then transformed.
constexpr int max_added_strings = 3;
template <class T, int Axes>
KETJET_INLINE void tile_coefficients(Vector<T>* sums, const WeightedSigns* strings, int count, std::uint64_t number,
                                     const RowSigns<T, Axes>& signs) {
    constexpr int rows = 1 << Axes;
    if (count <= max_added_strings) {
        KETJET_UNROLL
        for (int r = 0; r < rows; ++r) sums[r] = Vector<T>{};
        for (int k = 0; k < count; ++k) {
            const Vector<T> coefficients = lane_coefficients<T>(strings[k], number);
            const T* const row = signs.values[tile_bits_of<T, Axes>(strings[k].vector_signs)];
            KETJET_UNROLL
            for (int r = 0; r < rows; ++r) sums[r] = fma(coefficients, splat(row[r]), sums[r]);
        }
        return;
    }
    Vector<T> entries[rows] = {};
    for (int k = 0; k < count;) {
        const std::uint64_t bits = tile_bits_of<T, Axes>(strings[k].vector_signs);
        Vector<T> sum = {};
        do {  // those with equal bits follow each other as a rule
            sum += lane_coefficients<T>(strings[k], number);
        } while (++k < count && tile_bits_of<T, Axes>(strings[k].vector_signs) == bits);
        entries[bits] += sum;
    }
    KETJET_UNROLL
    for (int r = 0; r < rows; ++r) sums[r] = entries[r];
    transform<Axes>(sums);
}

// Adds factor * (re, im), times i or not.
template <bool Imaginary, class V>
KETJET_INLINE void add_product(V factor, V re, V im, V& sum_re, V& sum_im) {
    sum_re = Imaginary ? fnma(factor, im, sum_re) : fma(factor, re, sum_re);
    sum_im = Imaginary ? fma(factor, re, sum_im) : fma(factor, im, sum_im);
}

// The vectors of the ket that a tile of the result faces.
template <class T, int Axes>
struct TilePlaces {
    const T* ket;
    std::uint64_t address;
    const std::uint32_t* offsets;

    KETJET_INLINE const T* row(int r) const { return ket + (address ^ offsets[r]); }
};

// Adds the ket's vectors, of which each row has a coefficient, to those of a tile.
template <bool Imaginary, bool Flipped, class T, int Axes, class Coefficient>
KETJET_INLINE void add_rows(Vector<T>* re, Vector<T>* im, const TilePlaces<T, Axes>& places, const PauliGroup& group,
                            Coefficient coefficient) {
    const LaneFlip<T> flip(group.lane_flip);
    KETJET_UNROLL
    for (int r = 0; r < 1 << Axes; ++r) {
        Vector<T> ket_re = load(places.row(r)), ket_im = load(places.row(r) + lanes<T>);
        if constexpr (Flipped) {
            ket_re = flip(ket_re);
            ket_im = flip(ket_im);
        }
        add_product<Imaginary>(coefficient(r), ket_re, ket_im, re[r], im[r]);
    }
}

// Adds what one part of a group's coefficients makes of the ket to the vectors of a tile.
template <bool Imaginary, bool Flipped, class T, int Axes>
KETJET_INLINE void add_part(Vector<T>* re, Vector<T>* im, const TilePlaces<T, Axes>& places, const PauliGroup& group,
                            std::uint64_t number, const RowSigns<T, Axes>& signs) {
    constexpr int rows = 1 << Axes;
    const int first = Imaginary ? group.real_count : 0, count = Imaginary ? group.count - first : group.real_count;
    const std::uint64_t fixed = tile_bits_of<T, Axes>(group.fixed);
    if (count == 1 && fixed == 0 && tile_bits_of<T, Axes>(group.strings[first].vector_signs) == 0) {
        const Vector<T> coefficient = lane_coefficients<T>(group.strings[first], number);
        return add_rows<Imaginary, Flipped, T, Axes>(re, im, places, group,
                                                     [&](int) __attribute__((always_inline)) { return coefficient; });
    }
    Vector<T> sums[rows];
    tile_coefficients<T, Axes>(sums, group.strings + first, count, number, signs);
    if (fixed != 0) {
        const std::uint64_t value = tile_bits_of<T, Axes>(group.value);
        for (std::uint64_t r = 0; r < rows; ++r) {
            if (((r ^ value) & fixed) != 0) sums[r] = Vector<T>{};
        }
    }
    add_rows<Imaginary, Flipped, T, Axes>(re, im, places, group,
                                          [&](int r) __attribute__((always_inline)) { return sums[r]; });
}

template <bool Flipped, class T, int Axes>
KETJET_INLINE void add_group(Vector<T>* re, Vector<T>* im, const TilePlaces<T, Axes>& places, const PauliGroup& group,
                             std::uint64_t number, const RowSigns<T, Axes>& signs) {
    if (group.real_count > 0) add_part<false, Flipped, T, Axes>(re, im, places, group, number, signs);
    if (group.count > group.real_count) add_part<true, Flipped, T, Axes>(re, im, places, group, number, signs);
}

// A group of more strings than that has a walk of its own, in larger tiles.
constexpr int max_tile_strings = 48;

template <class T, int Axes>
void apply_small_groups(T* result, const PauliApplyArgs& args) {
    constexpr int rows = 1 << Axes;
    const T* const ket = static_cast<const T*>(args.ket);
    const RowSigns<T, Axes> signs;
    VectorSubset subset = args.vectors;
    const auto tile = Tile<Axes>::template take<T>(subset);
    const std::uint64_t outside = ~((std::uint64_t{rows} - 1) * wide_parts<T>);
    WideWalk<T> wide(subset);
    wide.steps(wide.walk.count, [&](int, SubsetWalk& walk, std::uint64_t lowest, std::uint32_t offset,
                                    std::uint64_t count) __attribute__((always_inline)) {
        for (std::uint64_t i = 0; i < count; ++i) {
            const std::uint64_t number = walk.number() | lowest;
            const std::uint64_t address = walk.next() ^ offset;
            Vector<T> re[rows], im[rows];
            KETJET_UNROLL
            for (int r = 0; r < rows; ++r) {
                re[r] = load(result + (address ^ tile.offsets[r]));
                im[r] = load(result + (address ^ tile.offsets[r]) + lanes<T>);
            }
            for (int k = 0; k < args.count; ++k) {
                const PauliGroup& group = args.groups[k];
                if (group.count > max_tile_strings) continue;
                if (((number ^ group.value) & group.fixed & outside) != 0) continue;
                const TilePlaces<T, Axes> places{ket, address ^ group.flip_offset, tile.offsets};
                if (group.lane_flip != 0) {
                    add_group<true, T, Axes>(re, im, places, group, number, signs);
                } else {
                    add_group<false, T, Axes>(re, im, places, group, number, signs);
                }
            }
            KETJET_UNROLL
            for (int r = 0; r < rows; ++r) {
                store(result + (address ^ tile.offsets[r]), re[r]);
                store(result + (address ^ tile.offsets[r]) + lanes<T>, im[r]);
            }
        }
    });
}

// So many bits number the wide vectors of a large tile.
constexpr int large_tile_bits = 6;

// Adds what one part of a group's coefficients makes of the ket, in large tiles.
template <bool Imaginary, class T>
void apply_large_group(T* result, const PauliApplyArgs& args, const PauliGroup& group) {
    const int first = Imaginary ? group.real_count : 0, last = Imaginary ? group.count : group.real_count;
    if (first == last) return;
    const T* const ket = static_cast<const T*>(args.ket);
    const LaneFlip<T> flip(group.lane_flip);
    VectorSubset subset = args.vectors;
    const int free = free_bits(WideWalk<T>::wide(subset)), axes = free < large_tile_bits ? free : large_tile_bits;
    const std::uint64_t rows = std::uint64_t{1} << axes, inside = (rows - 1) * wide_parts<T>;
    std::uint32_t offsets[1 << large_tile_bits];
    for (std::uint64_t r = 0; r < rows; ++r) {
        offsets[r] = address_of(subset.map, r * wide_parts<T>) ^ address_of(subset.map, 0);
    }
    subset.fixed |= inside;
    WideWalk<T> wide(subset);
    wide.steps(wide.walk.count, [&](int, SubsetWalk& walk, std::uint64_t lowest, std::uint32_t offset,
                                    std::uint64_t count) __attribute__((always_inline)) {
        for (std::uint64_t i = 0; i < count; ++i) {
            const std::uint64_t number = walk.number() | lowest;
            const std::uint64_t address = walk.next() ^ offset;
            if (((number ^ group.value) & group.fixed & ~inside) != 0) continue;
            Vector<T> sums[1 << large_tile_bits];
            for (std::uint64_t r = 0; r < rows; ++r) sums[r] = Vector<T>{};
            for (int k = first; k < last; ++k) {
                const std::uint64_t entry = (group.strings[k].vector_signs & inside) / wide_parts<T>;
                sums[entry] += lane_coefficients<T>(group.strings[k], number);
            }
            for (std::uint64_t half = 1; half < rows; half *= 2) {
                for (std::uint64_t r = 0; r < rows; r = ((r | half) + 1) & ~half) {
                    const Vector<T> a = sums[r], b = sums[r | half];
                    sums[r] = a + b;
                    sums[r | half] = a - b;
                }
            }
            for (std::uint64_t r = 0; r < rows; ++r) {
                if (((number ^ r * wide_parts<T> ^ group.value) & group.fixed) != 0) continue;
                T* const target = result + (address ^ offsets[r]);
                const T* const source = ket + (address ^ offsets[r] ^ group.flip_offset);
                Vector<T> re = load(target), im = load(target + lanes<T>);
                add_product<Imaginary>(sums[r], flip(load(source)), flip(load(source + lanes<T>)), re, im);
                store(target, re);
                store(target + lanes<T>, im);
            }
        }
    });
}

template <class T>
void pauli_apply(void* result, const PauliApplyArgs& args) {
    T* const target = static_cast<T*>(result);
    if (free_bits(WideWalk<T>::wide(args.vectors)) < tile_bits) {
        apply_small_groups<T, 0>(target, args);
    } else {
        apply_small_groups<T, tile_bits>(target, args);
    }
    for (int k = 0; k < args.count; ++k) {
        if (args.groups[k].count <= max_tile_strings) continue;
        apply_large_group<false>(target, args, args.groups[k]);
        apply_large_group<true>(target, args, args.groups[k]);
    }
}

}  // namespace
}  // namespace ketjet
