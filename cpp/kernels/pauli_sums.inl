// Sums of products of amplitudes, with the signs of Pauli strings (PauliSumsArgs). Whatever the lane width, they are
// added up in one order: as if vectors had wide_lanes lanes, in as many sums, which are added up pairwise after every
// so many vectors.

namespace ketjet {
namespace {

template <class T>
constexpr int wide_lanes = static_cast<int>(line_bytes / sizeof(T));
// Vectors that hold so many lanes. They follow each other: the lowest vector bits number them.
template <class T>
constexpr int wide_parts = wide_lanes<T> / lanes<T>;

// How a vector of the bra comes to face that of the ket: it is the same one, lies elsewhere, or has other lanes too.
enum class Facing { itself, elsewhere, flipped };

template <class T, Facing facing>
struct Products {
    const T* bra;
    const T* ket;
    std::uint32_t flip_offset;
    LaneFlip<T> flip;

    KETJET_INLINE Products(const void* ket_block, const PauliSumsArgs& args)
        : bra(static_cast<const T*>(args.bra)),
          ket(static_cast<const T*>(ket_block)),
          flip_offset(args.flip_offset),
          flip(args.lane_flip) {}

    // conj(bra) * ket of the vector at an address of the ket: its real or its imaginary parts.
    template <bool Imaginary>
    KETJET_INLINE Vector<T> part(std::uint64_t address) const {
        const Vector<T> re = load(ket + address), im = load(ket + address + lanes<T>);
        if constexpr (facing == Facing::itself) return fma(re, re, im * im);
        Vector<T> bra_re = load(bra + (address ^ flip_offset)), bra_im = load(bra + (address ^ flip_offset) + lanes<T>);
        if constexpr (facing == Facing::flipped) {
            bra_re = flip(bra_re);
            bra_im = flip(bra_im);
        }
        return Imaginary ? fnma(bra_im, re, bra_re * im) : fma(bra_re, re, bra_im * im);
    }
};

// Walks wide vectors, and parts of each.
template <class T>
struct WideWalk {
    SubsetWalk walk;
    std::uint64_t fixed_parts;
    std::uint64_t value;
    std::uint32_t part_offsets[wide_parts<T>];

    KETJET_INLINE explicit WideWalk(VectorSubset subset)
        : walk(wide(subset)), fixed_parts(subset.fixed & (wide_parts<T> - 1)), value(subset.value) {
        for (int part = 0; part < wide_parts<T>; ++part) {
            part_offsets[part] = address_of(subset.map, static_cast<std::uint64_t>(part)) ^ address_of(subset.map, 0);
        }
    }
    static KETJET_INLINE VectorSubset wide(VectorSubset subset) {
        subset.fixed |= wide_parts<T> - 1;
        subset.value &= ~static_cast<std::uint64_t>(wide_parts<T> - 1);
        return subset;
    }
    // Calls body(part, number, address) for steps that follow each other, of each part that the subset has.
    template <class Body>
    KETJET_INLINE void steps(std::uint64_t count, Body body) {
        SubsetWalk after = walk;
        for (int part = 0; part < wide_parts<T>; ++part) {
            const auto number = static_cast<std::uint64_t>(part);
            if (((number ^ value) & fixed_parts) != 0) continue;
            after = walk;
            body(part, after, number, part_offsets[part], count);
        }
        walk = after;
    }
};

// The sum of a string's lanes, which are lost, with the signs that they have.
template <class T>
KETJET_INLINE double sum_of_wide(Vector<T>* parts, const void* lane_signs) {
    KETJET_UNROLL
    for (int half = wide_parts<T> / 2; half > 0; half /= 2) {
        KETJET_UNROLL
        for (int k = 0; k < half; ++k) parts[k] += parts[k + half];
    }
    return sum_of<T>(parts[0] * load(static_cast<const T*>(lane_signs)));
}

constexpr std::uint64_t steps_per_sum = 64;  // so few that single precision does for a sum

// A few strings that want the same part: term by term, with the sums in registers. Neighbouring vectors have sums of
// their own, so that one addition need not wait for the other.
constexpr int max_sums_in_registers = 4;
template <class T, Facing facing, bool Imaginary, int Count>
void few_sums(const void* ket, const PauliSumsArgs& args) {
    const Products<T, facing> products(ket, args);
    alignas(line_bytes) T signs[2 * lanes<T>];
    store(signs, splat(T(1)));
    store(signs + lanes<T>, splat(T(-1)));
    WideWalk<T> wide(args.vectors);
    for (std::uint64_t done = 0; done < wide.walk.count; done += 2 * steps_per_sum) {
        Vector<T> sums[Count][wide_parts<T>] = {};
        const std::uint64_t left = wide.walk.count - done;
        wide.steps(left < 2 * steps_per_sum ? left : 2 * steps_per_sum,
                   [&](int part, SubsetWalk& walk, std::uint64_t lowest, std::uint32_t offset, std::uint64_t count)
                       __attribute__((always_inline)) {
                           Vector<T> even[Count] = {}, odd[Count] = {};
                           const auto add = [&](Vector<T>* sum) __attribute__((always_inline)) {
                               const std::uint64_t number = walk.number() | lowest;
                               const Vector<T> product = products.template part<Imaginary>(walk.next() ^ offset);
                               KETJET_UNROLL
                               for (int k = 0; k < Count; ++k) {
                                   const int odd_sign = __builtin_parityll(number & args.strings[k].vector_signs);
                                   sum[k] = fma(product, load(signs + odd_sign * lanes<T>), sum[k]);
                               }
                           };
                           for (std::uint64_t i = 0; i + 1 < count; i += 2) {
                               add(even);
                               add(odd);
                           }
                           if (count % 2 != 0) add(even);
                           KETJET_UNROLL
                           for (int k = 0; k < Count; ++k) sums[k][part] = even[k] + odd[k];
                       });
        KETJET_UNROLL
        for (int k = 0; k < Count; ++k) args.sums[k] += sum_of_wide<T>(sums[k], args.strings[k].lane_signs);
    }
}

template <class T, Facing facing, bool Imaginary, int Count = 1>
KETJET_INLINE void few_sums_of(const void* ket, const PauliSumsArgs& args) {
    if (args.count == Count) {
        few_sums<T, facing, Imaginary, Count>(ket, args);
    } else if constexpr (Count < max_sums_in_registers) {
        few_sums_of<T, facing, Imaginary, Count + 1>(ket, args);
    }
}

// All sums and differences of vectors: entry k is the sum of v[r] with the signs (-1)^popcount(r & k).
template <int Bits, class V>
KETJET_INLINE void transform(V* v) {
    KETJET_UNROLL
    for (int axis = 0; axis < Bits; ++axis) {
        KETJET_UNROLL
        for (int r = 0; r < 1 << Bits; ++r) {
            if ((r >> axis & 1) != 0) continue;
            const V a = v[r], b = v[r | 1 << axis];
            v[r] = a + b;
            v[r | 1 << axis] = a - b;
        }
    }
}

// What strings choose from in one step: every entry of the transforms of real and of imaginary parts, and its negative.
template <class T, int Axes>
struct SignedEntries {
    static constexpr std::uint32_t entries = 1 << Axes;
    alignas(line_bytes) T values[4 * entries * static_cast<std::uint32_t>(lanes<T>)];

    static constexpr std::uint32_t first(bool imaginary) { return imaginary ? 2 * entries : 0; }
    KETJET_INLINE Vector<T> at(std::uint32_t entry, bool negative) const {
        return load(values + (entry + (negative ? entries : 0)) * static_cast<std::uint32_t>(lanes<T>));
    }
    template <bool Imaginary, Facing facing>
    KETJET_INLINE void fill(const Products<T, facing>& products, std::uint64_t address, const std::uint32_t* offsets) {
        Vector<T> parts[entries];
        KETJET_UNROLL
        for (std::uint32_t r = 0; r < entries; ++r) {
            parts[r] = products.template part<Imaginary>(address ^ offsets[r]);
        }
        transform<Axes>(parts);
        T* const place = values + first(Imaginary) * static_cast<std::uint32_t>(lanes<T>);
        KETJET_UNROLL
        for (std::uint32_t r = 0; r < entries; ++r) {
            store(place + r * static_cast<std::uint32_t>(lanes<T>), parts[r]);
            store(place + (r + entries) * static_cast<std::uint32_t>(lanes<T>), -parts[r]);
        }
    }
};

// Many strings: 2^Axes wide vectors are transformed, and each string takes one entry, with a sign by its other bits.
template <class T, Facing facing, int Axes, bool Real, bool Imaginary>
void many_sums(const void* ket, const PauliSumsArgs& args) {
    using Entries = SignedEntries<T, Axes>;
    const Products<T, facing> products(ket, args);
    VectorSubset subset = args.vectors;
    std::uint64_t axes[Axes + 1];
    std::uint32_t offsets[Entries::entries] = {};
    subset.fixed |= wide_parts<T> - 1;
    for (int axis = 0; axis < Axes; ++axis) {
        axes[axis] = ~subset.fixed & (subset.fixed + 1);
        const std::uint32_t offset = fix_lowest_bit(subset);
        for (int r = 0; r < 1 << axis; ++r) offsets[r | 1 << axis] = offsets[r] ^ offset;
    }
    subset.fixed =
        (subset.fixed & ~static_cast<std::uint64_t>(wide_parts<T> - 1)) | (args.vectors.fixed & (wide_parts<T> - 1));
    Vector<T>* const sums = static_cast<Vector<T>*>(args.scratch);
    std::uint32_t* const chosen = reinterpret_cast<std::uint32_t*>(sums + wide_parts<T> * args.count);
    for (int k = 0; k < args.count; ++k) {
        chosen[k] = Entries::first(k >= args.real_count);
        for (int axis = 0; axis < Axes; ++axis) {
            if ((args.strings[k].vector_signs & axes[axis]) != 0) chosen[k] |= 1U << axis;
        }
    }
    for (int k = 0; k < wide_parts<T> * args.count; ++k) sums[k] = Vector<T>{};
    Entries entries;
    WideWalk<T> wide(subset);
    for (std::uint64_t done = 0; done < wide.walk.count; done += steps_per_sum) {
        const std::uint64_t left = wide.walk.count - done;
        wide.steps(left < steps_per_sum ? left : steps_per_sum,
                   [&](int part, SubsetWalk& walk, std::uint64_t lowest, std::uint32_t offset, std::uint64_t count)
                       __attribute__((always_inline)) {
                           for (std::uint64_t i = 0; i < count; ++i) {
                               const std::uint64_t number = walk.number() | lowest;
                               const std::uint64_t address = walk.next() ^ offset;
                               if constexpr (Real) entries.template fill<false>(products, address, offsets);
                               if constexpr (Imaginary) entries.template fill<true>(products, address, offsets);
                               for (int k = 0; k < args.count; ++k) {
                                   const bool odd = __builtin_parityll(number & args.strings[k].vector_signs) != 0;
                                   sums[wide_parts<T> * k + part] += entries.at(chosen[k], odd);
                               }
                           }
                       });
        for (int k = 0; k < args.count; ++k) {
            Vector<T>* const parts = sums + wide_parts<T> * k;
            args.sums[k] += sum_of_wide<T>(parts, args.strings[k].lane_signs);
            for (int part = 0; part < wide_parts<T>; ++part) parts[part] = Vector<T>{};
        }
    }
}

constexpr int transformed_bits = 3;

template <class T, Facing facing, bool Real, bool Imaginary>
KETJET_INLINE void many_sums_of(const void* ket, const PauliSumsArgs& args) {
    VectorSubset wide = args.vectors;
    wide.fixed |= wide_parts<T> - 1;
    if (free_bits(wide) >= transformed_bits) {
        many_sums<T, facing, transformed_bits, Real, Imaginary>(ket, args);
    } else {
        many_sums<T, facing, 0, Real, Imaginary>(ket, args);
    }
}

template <class T, Facing facing>
KETJET_INLINE void sums_of(const void* ket, const PauliSumsArgs& args) {
    const bool few = args.count <= max_sums_in_registers;
    if constexpr (facing == Facing::itself) {
        few ? few_sums_of<T, facing, false>(ket, args) : many_sums_of<T, facing, true, false>(ket, args);
    } else if (args.real_count == args.count) {
        few ? few_sums_of<T, facing, false>(ket, args) : many_sums_of<T, facing, true, false>(ket, args);
    } else if (args.real_count == 0) {
        few ? few_sums_of<T, facing, true>(ket, args) : many_sums_of<T, facing, false, true>(ket, args);
    } else if (args.real_count <= max_sums_in_registers && args.count - args.real_count <= max_sums_in_registers) {
        PauliSumsArgs part = args;
        part.count = args.real_count;
        few_sums_of<T, facing, false>(ket, part);
        part.count = args.count - args.real_count;
        part.strings += args.real_count;
        part.sums += args.real_count;
        few_sums_of<T, facing, true>(ket, part);
    } else {
        many_sums_of<T, facing, true, true>(ket, args);
    }
}

template <class T>
void pauli_sums(const void* ket, const PauliSumsArgs& args) {
    if (args.lane_flip != 0) {
        sums_of<T, Facing::flipped>(ket, args);
    } else if (args.bra == ket && args.flip_offset == 0 && args.real_count == args.count) {
        sums_of<T, Facing::itself>(ket, args);
    } else {
        sums_of<T, Facing::elsewhere>(ket, args);
    }
}

}  // namespace
}  // namespace ketjet
