// Squared norms, in one order for all lane widths: the halves of a leaf are added up, then halves of that, and so on;
// neighbouring leaves pairwise.

namespace ketjet {
namespace {

template <class T>
constexpr int leaf_vectors = (1 << leaf_bits) / lanes<T>;

template <class T, int width>
struct LanesOf {
    typedef T Vector __attribute__((vector_size(width * sizeof(T))));
};

// The sum of a vector's lanes, in vectors that get shorter: half as long ones are added up faster on some CPUs.
template <class T, int width>
KETJET_INLINE T sum_of_lanes(typename LanesOf<T, width>::Vector v) {
    if constexpr (width == 2) {
        return v[0] + v[1];
    } else if constexpr (width == 4) {
        return sum_of_lanes<T, 2>(__builtin_shufflevector(v, v, 0, 1) + __builtin_shufflevector(v, v, 2, 3));
    } else if constexpr (width == 8) {
        return sum_of_lanes<T, 4>(__builtin_shufflevector(v, v, 0, 1, 2, 3) +
                                  __builtin_shufflevector(v, v, 4, 5, 6, 7));
    } else {
        return sum_of_lanes<T, 8>(__builtin_shufflevector(v, v, 0, 1, 2, 3, 4, 5, 6, 7) +
                                  __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15));
    }
}

// The squares in a leaf, which are lost, as one vector.
template <class T>
KETJET_INLINE Vector<T> fold_leaf(Vector<T>* squares) {
    KETJET_UNROLL
    for (int half = leaf_vectors<T> / 2; half > 0; half /= 2) {
        KETJET_UNROLL
        for (int k = 0; k < half; ++k) squares[k] += squares[k + half];
    }
    return squares[0];
}

template <class T>
KETJET_INLINE double sum_of(Vector<T> folded) {
    return static_cast<double>(sum_of_lanes<T, lanes<T>>(folded));
}

// The sum of a row's leaves, a power of two of them, which are lost.
KETJET_INLINE double sum_of_row(double* leaves, std::uint64_t count) {
    for (std::uint64_t half = count / 2; half > 0; half /= 2) {
        for (std::uint64_t i = 0; i < half; ++i) leaves[i] = leaves[2 * i] + leaves[2 * i + 1];
    }
    return leaves[0];
}

template <class T>
void leaf_norms(const void* amplitudes, std::uint64_t leaves, double* norms) {
    const T* run = static_cast<const T*>(amplitudes);
    for (std::uint64_t leaf = 0; leaf < leaves; ++leaf) {
        Vector<T> squares[leaf_vectors<T>];
        KETJET_UNROLL
        for (int k = 0; k < leaf_vectors<T>; ++k, run += stride<T>) {
            Vector<T> re, im;
            split_pairs(load(run), load(run + lanes<T>), re, im);
            squares[k] = fma(re, re, im * im);
        }
        norms[leaf] = sum_of<T>(fold_leaf<T>(squares));
    }
}

}  // namespace
}  // namespace ketjet
