// Squared norms, in one order for all lane widths: the halves of a leaf are added up, then halves of that, and so on;
// neighbouring leaves pairwise.

namespace ketjet {
namespace {

template <class T>
constexpr int leaf_vectors = (1 << leaf_bits) / lanes<T>;

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
        norms[leaf] = sum_of<T>(sum_of_vectors<leaf_vectors<T>>(squares));
    }
}

}  // namespace
}  // namespace ketjet
