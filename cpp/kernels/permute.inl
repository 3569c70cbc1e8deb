// Gates that pair each amplitude with one other: exchange (X, SWAP and their controlled forms move amplitudes)
// and rotation (exp of a Pauli string mixes the two of a pair).

namespace ketjet {
namespace {

// Two vectors at a step, if there are two: one is little work beside finding it.
template <class T, int Flip>
void exchange_inside(T* block, const ExchangeArgs& args) {
    const Mask<T> take = load(static_cast<const T*>(args.take_first)) != T(0);
    VectorSubset subset = args.vectors;
    const bool pairs = free_bits(subset) > 0;
    const std::uint32_t offset = pairs ? fix_lowest_bit(subset) : 0;
    SubsetWalk walk(subset);
    for (std::uint64_t i = 0; i < walk.count; ++i) {
        const std::uint64_t address = walk.next();
        for (int row = 0; row <= (pairs ? 1 : 0); ++row) {
            T* const v = block + (row == 0 ? address : address ^ offset);
            const Vector<T> re = load(v), im = load(v + lanes<T>);
            store(v, take ? flip_lanes<Flip>(re) : re);
            store(v + lanes<T>, take ? flip_lanes<Flip>(im) : im);
        }
    }
}

template <class T, int Flip, bool AllLanes>
void exchange_pairs(T* block, const ExchangeArgs& args) {
    const Mask<T> first = load(static_cast<const T*>(args.take_first)) != T(0);
    const Mask<T> second = load(static_cast<const T*>(args.take_second)) != T(0);
    SubsetWalk walk(args.vectors);
    for (std::uint64_t i = 0; i < walk.count; ++i) {
        const std::uint64_t address = walk.next();
        for (int part = 0; part < 2; ++part) {
            T* const v = block + address + part * lanes<T>;
            T* const w = block + (address ^ args.flip_offset) + part * lanes<T>;
            const Vector<T> a = load(v), b = load(w);
            const Vector<T> to_v = flip_lanes<Flip>(b), to_w = flip_lanes<Flip>(a);
            store(v, AllLanes ? to_v : (first ? to_v : a));
            store(w, AllLanes ? to_w : (second ? to_w : b));
        }
    }
}

template <class T>
void exchange(void* memory, const ExchangeArgs& args) {
    T* const block = static_cast<T*>(memory);
    with_lane_flip<T>(args.lane_flip, [&](auto flip) {
        constexpr int f = decltype(flip)::value;
        if (args.vector_flip == 0) {
            exchange_inside<T, f>(block, args);
        } else if (args.all_lanes) {
            exchange_pairs<T, f, true>(block, args);
        } else {
            exchange_pairs<T, f, false>(block, args);
        }
    });
}

// One half of a rotation: cosine * v + weight * w, where the weight is real or imaginary.
template <class T, bool Imaginary>
KETJET_INLINE void rotate_towards(T* out, Vector<T> cosine, Vector<T> weight, Vector<T> vr, Vector<T> vi, Vector<T> wr,
                                  Vector<T> wi) {
    if constexpr (Imaginary) {
        store(out, fnma(weight, wi, cosine * vr));
        store(out + lanes<T>, fma(weight, wr, cosine * vi));
    } else {
        store(out, fma(weight, wr, cosine * vr));
        store(out + lanes<T>, fma(weight, wi, cosine * vi));
    }
}

template <class T, int Flip, bool Imaginary>
void rotate(T* block, const RotationArgs& args) {
    const Vector<T> cosine = load(static_cast<const T*>(args.cosine));
    const Vector<T> first = load(static_cast<const T*>(args.first));
    const Vector<T> second = load(static_cast<const T*>(args.second));
    SubsetWalk walk(args.vectors);
    for (std::uint64_t i = 0; i < walk.count; ++i) {
        const bool negative = __builtin_parityll(walk.number() & args.sign_mask) != 0;
        const std::uint64_t address = walk.next();
        T* const v = block + address;
        const Vector<T> vr = load(v), vi = load(v + lanes<T>);
        if (args.vector_flip == 0) {
            rotate_towards<T, Imaginary>(v, cosine, negative ? -first : first, vr, vi, flip_lanes<Flip>(vr),
                                         flip_lanes<Flip>(vi));
            continue;
        }
        T* const w = block + (address ^ args.flip_offset);
        const Vector<T> wr = load(w), wi = load(w + lanes<T>);
        rotate_towards<T, Imaginary>(v, cosine, negative ? -first : first, vr, vi, flip_lanes<Flip>(wr),
                                     flip_lanes<Flip>(wi));
        rotate_towards<T, Imaginary>(w, cosine, negative ? -second : second, wr, wi, flip_lanes<Flip>(vr),
                                     flip_lanes<Flip>(vi));
    }
}

template <class T>
void rotation(void* block, const RotationArgs& args) {
    with_lane_flip<T>(args.lane_flip, [&](auto flip) {
        constexpr int f = decltype(flip)::value;
        if (args.imaginary) {
            rotate<T, f, true>(static_cast<T*>(block), args);
        } else {
            rotate<T, f, false>(static_cast<T*>(block), args);
        }
    });
}

}  // namespace
}  // namespace ketjet
