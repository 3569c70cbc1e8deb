// Sums over the lanes of a vector and over vectors, added up in one order for all lane widths. Included as simd.hpp is.
#pragma once

#include "kernels/simd.hpp"

namespace ketjet {
namespace {

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

template <class T>
KETJET_INLINE double sum_of(Vector<T> v) {
    return static_cast<double>(sum_of_lanes<T, lanes<T>>(v));
}

// The sum of vectors, a power of two of them, which are lost: one half is added to the other, and so on.
template <int Count, class V>
KETJET_INLINE V sum_of_vectors(V* vectors) {
    KETJET_UNROLL
    for (int half = Count / 2; half > 0; half /= 2) {
        KETJET_UNROLL
        for (int k = 0; k < half; ++k) vectors[k] += vectors[k + half];
    }
    return vectors[0];
}

}  // namespace
}  // namespace ketjet
