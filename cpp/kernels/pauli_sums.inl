// Sums of products of amplitudes, with the signs of Pauli strings (PauliSumsArgs). Every lane of a wide vector has a
// sum of its own; these sums are added up pairwise after every so many steps.

namespace ketjet {
namespace {

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

// The sum of a string's lanes, with the signs that they have; the parts are lost.
template <class T>
KETJET_INLINE double sum_of_wide(Vector<T>* parts, const void* lane_signs) {
    return sum_of<T>(sum_of_vectors<wide_parts<T>>(parts) * load(static_cast<const T*>(lane_signs)));
}

constexpr std::uint64_t steps_per_sum = 64;  // so few that single precision does for a sum

// The sum of a tile's vectors with these signs.
template <int Bits, class T>
KETJET_INLINE Vector<T> signed_sum(const Vector<T>* v, const T* signs) {
    Vector<T> tree[1 << (Bits - 1)];
    KETJET_UNROLL
    for (int half = 1 << (Bits - 1), r = 0; r < half; ++r) {
        tree[r] = fma(v[r + half], splat(signs[r + half]), v[r] * splat(signs[r]));
    }
    KETJET_UNROLL
    for (int half = 1 << (Bits - 1) >> 1; half > 0; half /= 2) {
        KETJET_UNROLL
        for (int r = 0; r < half; ++r) tree[r] += tree[r + half];
    }
    return tree[0];
}

// One or two strings that want the same part: a tile's products are multiplied by their signs.
constexpr int max_few = 2;
template <class T, Facing facing, bool Imaginary, int Count>
void few_sums(const void* ket, const PauliSumsArgs& args) {
    constexpr int rows = 1 << tile_bits;
    const Products<T, facing> products(ket, args);
    VectorSubset subset = args.vectors;
    const auto tile = Tile<tile_bits>::template take<T>(subset);
    T signs[Count][2][rows];  // by whether the whole tile counts negatively
    for (int k = 0; k < Count; ++k) {
        const std::uint32_t negative = tile.number_in(args.strings[k].vector_signs);
        for (std::uint32_t r = 0; r < rows; ++r) {
            signs[k][0][r] = __builtin_parity(negative & r) != 0 ? T(-1) : T(1);
            signs[k][1][r] = -signs[k][0][r];
        }
    }
    WideWalk<T> wide(subset);
    for (std::uint64_t done = 0; done < wide.walk.count; done += steps_per_sum) {
        Vector<T> sums[Count][wide_parts<T>] = {};
        const std::uint64_t left = wide.walk.count - done;
        wide.steps(left < steps_per_sum ? left : steps_per_sum,
                   [&](int part, SubsetWalk& walk, std::uint64_t lowest, std::uint32_t offset, std::uint64_t count)
                       __attribute__((always_inline)) {
                           Vector<T> sum[Count] = {};
                           for (std::uint64_t i = 0; i < count; ++i) {
                               const std::uint64_t number = walk.number() | lowest;
                               const std::uint64_t address = walk.next() ^ offset;
                               Vector<T> product[rows];
                               KETJET_UNROLL
                               for (int r = 0; r < rows; ++r) {
                                   product[r] = products.template part<Imaginary>(address ^ tile.offsets[r]);
                               }
                               KETJET_UNROLL
                               for (int k = 0; k < Count; ++k) {
                                   const int negative = __builtin_parityll(number & args.strings[k].vector_signs);
                                   sum[k] += signed_sum<tile_bits>(product, signs[k][negative]);
                               }
                           }
                           KETJET_UNROLL
                           for (int k = 0; k < Count; ++k) sums[k][part] = sum[k];
                       });
        KETJET_UNROLL
        for (int k = 0; k < Count; ++k) args.sums[k] += sum_of_wide<T>(sums[k], args.strings[k].lane_signs);
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
    const auto tile = Tile<Axes>::template take<T>(subset);
    Vector<T>* const sums = static_cast<Vector<T>*>(args.scratch);
    std::uint32_t* const chosen = reinterpret_cast<std::uint32_t*>(sums + wide_parts<T> * args.count);
    for (int k = 0; k < args.count; ++k) {
        chosen[k] = Entries::first(k >= args.real_count) + tile.number_in(args.strings[k].vector_signs);
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
                               if constexpr (Real) entries.template fill<false>(products, address, tile.offsets);
                               if constexpr (Imaginary) entries.template fill<true>(products, address, tile.offsets);
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

template <class T, Facing facing, bool Real, bool Imaginary>
KETJET_INLINE void sums_of_parts(const void* ket, const PauliSumsArgs& args) {
    VectorSubset wide = args.vectors;
    wide.fixed |= wide_parts<T> - 1;
    if (free_bits(wide) < tile_bits) {
        many_sums<T, facing, 0, Real, Imaginary>(ket, args);
    } else if (args.count > max_few || (Real && Imaginary)) {
        many_sums<T, facing, tile_bits, Real, Imaginary>(ket, args);
    } else if (args.count == 1) {
        few_sums<T, facing, Imaginary, 1>(ket, args);
    } else {
        few_sums<T, facing, Imaginary, 2>(ket, args);
    }
}

template <class T, Facing facing>
KETJET_INLINE void sums_of(const void* ket, const PauliSumsArgs& args) {
    if (facing == Facing::itself || args.real_count == args.count) {
        sums_of_parts<T, facing, true, false>(ket, args);
    } else if (args.real_count == 0) {
        sums_of_parts<T, facing, false, true>(ket, args);
    } else {
        sums_of_parts<T, facing, true, true>(ket, args);
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
