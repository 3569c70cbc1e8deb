// Amplitudes that change lanes inside a vector, or between two. Included as simd.hpp is.
#pragma once

#include "kernels/simd.hpp"

namespace ketjet {
namespace {

// Lane l of the result is lane l ^ Flip of `v`.
template <int Flip, class V>
KETJET_INLINE V flip_lanes(V v) {
    constexpr int width = static_cast<int>(sizeof(V) / sizeof(v[0]));
    if constexpr (Flip == 0) {
        return v;
    } else if constexpr (width == 2) {
        return __builtin_shufflevector(v, v, 0 ^ Flip, 1 ^ Flip);
    } else if constexpr (width == 4) {
        return __builtin_shufflevector(v, v, 0 ^ Flip, 1 ^ Flip, 2 ^ Flip, 3 ^ Flip);
    } else if constexpr (width == 8) {
        return __builtin_shufflevector(v, v, 0 ^ Flip, 1 ^ Flip, 2 ^ Flip, 3 ^ Flip, 4 ^ Flip, 5 ^ Flip, 6 ^ Flip,
                                       7 ^ Flip);
    } else {
        return __builtin_shufflevector(v, v, 0 ^ Flip, 1 ^ Flip, 2 ^ Flip, 3 ^ Flip, 4 ^ Flip, 5 ^ Flip, 6 ^ Flip,
                                       7 ^ Flip, 8 ^ Flip, 9 ^ Flip, 10 ^ Flip, 11 ^ Flip, 12 ^ Flip, 13 ^ Flip,
                                       14 ^ Flip, 15 ^ Flip);
    }
}

// The same where the flip is known at run time alone. (With a mask, because GCC 12 warns of the plain intrinsics.)
template <class T>
struct LaneFlip;
#if defined(__AVX512F__)
template <>
struct LaneFlip<float> {
    __m512i index;
    KETJET_INLINE explicit LaneFlip(int flip)
        : index(_mm512_xor_si512(_mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15),
                                 _mm512_set1_epi32(flip))) {}
    KETJET_INLINE Vector<float> operator()(Vector<float> v) const {
        return _mm512_maskz_permutexvar_ps(0xffff, index, v);
    }
};
template <>
struct LaneFlip<double> {
    __m512i index;
    KETJET_INLINE explicit LaneFlip(int flip)
        : index(_mm512_xor_si512(_mm512_setr_epi64(0, 1, 2, 3, 4, 5, 6, 7), _mm512_set1_epi64(flip))) {}
    KETJET_INLINE Vector<double> operator()(Vector<double> v) const {
        return _mm512_maskz_permutexvar_pd(0xff, index, v);
    }
};
#elif defined(__AVX2__)
template <>
struct LaneFlip<float> {
    __m256i index;
    KETJET_INLINE explicit LaneFlip(int flip)
        : index(_mm256_xor_si256(_mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7), _mm256_set1_epi32(flip))) {}
    KETJET_INLINE Vector<float> operator()(Vector<float> v) const { return _mm256_permutevar8x32_ps(v, index); }
};
template <>
struct LaneFlip<double> : LaneFlip<float> {  // a double is two singles
    KETJET_INLINE explicit LaneFlip(int flip) : LaneFlip<float>(2 * flip) {}
    KETJET_INLINE Vector<double> operator()(Vector<double> v) const {
        return _mm256_castps_pd(_mm256_permutevar8x32_ps(_mm256_castpd_ps(v), index));
    }
};
#elif defined(KETJET_NEON)
template <class T>
struct LaneFlip {
    uint8x16_t bytes;  // the place of each byte of the result
    KETJET_INLINE explicit LaneFlip(int flip)
        : bytes(uint8x16_t{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15} ^
                static_cast<std::uint8_t>(flip * static_cast<int>(sizeof(T)))) {}
    KETJET_INLINE Vector<T> operator()(Vector<T> v) const {
        return reinterpret_cast<Vector<T>>(vqtbl1q_u8(reinterpret_cast<uint8x16_t>(v), bytes));
    }
};
#else
template <class T>
struct LaneFlip {
    int flip;
    KETJET_INLINE explicit LaneFlip(int lane_flip) : flip(lane_flip) {}
    KETJET_INLINE Vector<T> operator()(Vector<T> v) const {
        Vector<T> result = v;
        for (int lane = 0; lane < lanes<T>; ++lane) result[lane] = v[lane ^ flip];
        return result;
    }
};
#endif

// The same for flips that stay within 16 bytes, which take less.
template <class T>
struct NearFlip : LaneFlip<T> {
    static constexpr bool does(int) { return false; }
    using LaneFlip<T>::LaneFlip;
};
#if defined(__AVX2__) && !defined(__AVX512F__)
template <>
struct NearFlip<float> {
    __m256i index;
    static constexpr bool does(int flip) { return flip < 4; }
    KETJET_INLINE explicit NearFlip(int flip)
        : index(_mm256_xor_si256(_mm256_setr_epi32(0, 1, 2, 3, 0, 1, 2, 3), _mm256_set1_epi32(flip))) {}
    KETJET_INLINE Vector<float> operator()(Vector<float> v) const { return _mm256_permutevar_ps(v, index); }
};
template <>
struct NearFlip<double> {
    static constexpr bool does(int flip) { return flip == 1; }
    KETJET_INLINE explicit NearFlip(int) {}
    KETJET_INLINE Vector<double> operator()(Vector<double> v) const { return _mm256_permute_pd(v, 5); }
};
#endif

// All lane numbers as a parameter pack.
template <int... Lane>
struct LaneList {};
template <int Count, int... Lane>
struct MakeLanes : MakeLanes<Count - 1, Count - 1, Lane...> {};
template <int... Lane>
struct MakeLanes<0, Lane...> {
    typedef LaneList<Lane...> List;
};
template <class T>
using AllLanes = typename MakeLanes<lanes<T>>::List;

// (re, im) pairs in memory order <-> one vector of real parts and one of imaginary parts.
template <class V>
KETJET_INLINE void split_pairs(V low, V high, V& re, V& im) {
    constexpr int width = static_cast<int>(sizeof(V) / sizeof(low[0]));
    if constexpr (width == 2) {
        re = __builtin_shufflevector(low, high, 0, 2);
        im = __builtin_shufflevector(low, high, 1, 3);
    } else if constexpr (width == 4) {
        re = __builtin_shufflevector(low, high, 0, 2, 4, 6);
        im = __builtin_shufflevector(low, high, 1, 3, 5, 7);
    } else if constexpr (width == 8) {
        re = __builtin_shufflevector(low, high, 0, 2, 4, 6, 8, 10, 12, 14);
        im = __builtin_shufflevector(low, high, 1, 3, 5, 7, 9, 11, 13, 15);
    } else {
        re = __builtin_shufflevector(low, high, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
        im = __builtin_shufflevector(low, high, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
    }
}
template <class V>
KETJET_INLINE void join_pairs(V re, V im, V& low, V& high) {
    constexpr int width = static_cast<int>(sizeof(V) / sizeof(re[0]));
    if constexpr (width == 2) {
        low = __builtin_shufflevector(re, im, 0, 2);
        high = __builtin_shufflevector(re, im, 1, 3);
    } else if constexpr (width == 4) {
        low = __builtin_shufflevector(re, im, 0, 4, 1, 5);
        high = __builtin_shufflevector(re, im, 2, 6, 3, 7);
    } else if constexpr (width == 8) {
        low = __builtin_shufflevector(re, im, 0, 8, 1, 9, 2, 10, 3, 11);
        high = __builtin_shufflevector(re, im, 4, 12, 5, 13, 6, 14, 7, 15);
    } else {
        low = __builtin_shufflevector(re, im, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
        high = __builtin_shufflevector(re, im, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
    }
}

// Calls `body` with the run-time lane flip as a compile-time constant.
template <int Value>
struct Constant {
    static constexpr int value = Value;
};
template <class T, int Flip = 0, class Body>
KETJET_INLINE void with_lane_flip(int lane_flip, Body body) {
    if (lane_flip == Flip) {
        body(Constant<Flip>{});
    } else if constexpr (Flip + 1 < lanes<T>) {
        with_lane_flip<T, Flip + 1>(lane_flip, body);
    }
}

}  // namespace
}  // namespace ketjet
