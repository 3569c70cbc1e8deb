// What is linear over the real numbers alone (ReflectArgs): where blocks hold real amplitudes, two in the place of one.

namespace ketjet {
namespace {

template <class T>
struct RealMap {
    Vector<T> a, b, c, d;

    KETJET_INLINE void read(const void* coefficients) {
        const T* const values = static_cast<const T*>(coefficients);
        a = load(values);
        b = load(values + lanes<T>);
        c = load(values + 2 * lanes<T>);
        d = load(values + 3 * lanes<T>);
    }
    KETJET_INLINE void apply(T* vector) const {
        const Vector<T> re = load(vector), im = load(vector + lanes<T>);
        store(vector, fma(b, im, a * re));
        store(vector + lanes<T>, fma(d, im, c * re));
    }
};

// Of two vectors that differ in one bit of the mask, one is even and one is odd: no branch has to tell which.
template <class T, bool Even, bool Odd>
void reflect_pairs(T* block, const ReflectArgs& args) {
    RealMap<T> even, odd;
    if constexpr (Even) even.read(args.even);
    if constexpr (Odd) odd.read(args.odd);
    SubsetWalk walk(args.vectors);
    for (std::uint64_t i = 0; i < walk.count; ++i) {
        const auto first_is_odd = static_cast<std::uint32_t>(__builtin_parityll(walk.number() & args.parity_mask));
        const std::uint64_t address = walk.next() ^ (args.pair_offset & (0 - first_is_odd));
        if constexpr (Even) even.apply(block + address);
        if constexpr (Odd) odd.apply(block + (address ^ args.pair_offset));
    }
}

template <class T>
void reflect(void* memory, const ReflectArgs& args) {
    T* const block = static_cast<T*>(memory);
    if (args.even == nullptr && args.parity_mask == 0) return;
    if (args.odd == nullptr || args.parity_mask == 0) {
        reflect_pairs<T, true, false>(block, args);
    } else if (args.even == nullptr) {
        reflect_pairs<T, false, true>(block, args);
    } else {
        reflect_pairs<T, true, true>(block, args);
    }
}

}  // namespace
}  // namespace ketjet
