// Gates that pair each amplitude with one other: exchange (X, SWAP and their controlled forms move amplitudes)
// and rotation (exp of a Pauli string mixes the two of a pair).

namespace ketjet {
namespace {

// One vector is little work beside finding it, so a step takes up to four, as many as there are. Each is stored before
// the next one is loaded: that takes less than loading all of them first.
struct Steps {
    static constexpr int most = 4;
    VectorSubset subset;            // of the vectors that steps begin with
    std::uint32_t offsets[most]{};  // of a step's vectors, from the first
    int count = 1;

    KETJET_INLINE explicit Steps(const VectorSubset& vectors) : subset(vectors) {
        for (; count < most && free_bits(subset) > 0; count *= 2) {
            const std::uint32_t offset = fix_lowest_bit(subset);
            for (int i = 0; i < count; ++i) offsets[count + i] = offsets[i] ^ offset;
        }
    }
};

template <class T, int Flip, bool AllLanes>
KETJET_INLINE Vector<T> take_lanes(Mask<T> take, Vector<T> own, Vector<T> other) {
    const Vector<T> flipped = flip_lanes<Flip>(other);
    return AllLanes ? flipped : (take ? flipped : own);
}

template <class T, int Flip>
void exchange_inside(T* block, const ExchangeArgs& args) {
    const Mask<T> take = load(static_cast<const T*>(args.take_first)) != T(0);
    const Steps steps(args.vectors);
    SubsetWalk walk(steps.subset);
    for (std::uint64_t i = 0; i < walk.count; ++i) {
        const std::uint64_t address = walk.next();
        for (int k = 0; k < steps.count; ++k) {
            T* const v = block + (address ^ steps.offsets[k]);
            const Vector<T> re = load(v), im = load(v + lanes<T>);
            store(v, take_lanes<T, Flip, false>(take, re, re));
            store(v + lanes<T>, take_lanes<T, Flip, false>(take, im, im));
        }
    }
}

template <class T, int Flip, bool AllLanes>
void exchange_pairs(T* block, const ExchangeArgs& args) {
    const Mask<T> first = load(static_cast<const T*>(args.take_first)) != T(0);
    const Mask<T> second = load(static_cast<const T*>(args.take_second)) != T(0);
    const Steps steps(args.vectors);
    SubsetWalk walk(steps.subset);
    for (std::uint64_t i = 0; i < walk.count; ++i) {
        const std::uint64_t address = walk.next();
        for (int k = 0; k < steps.count; ++k) {
            T* const v = block + (address ^ steps.offsets[k]);
            T* const w = block + (address ^ steps.offsets[k] ^ args.flip_offset);
            const Vector<T> re = load(v), im = load(v + lanes<T>), other_re = load(w), other_im = load(w + lanes<T>);
            store(v, take_lanes<T, Flip, AllLanes>(first, re, other_re));
            store(v + lanes<T>, take_lanes<T, Flip, AllLanes>(first, im, other_im));
            store(w, take_lanes<T, Flip, AllLanes>(second, other_re, re));
            store(w + lanes<T>, take_lanes<T, Flip, AllLanes>(second, other_im, im));
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
