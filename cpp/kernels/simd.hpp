// The vector register of this instruction set, on GCC/Clang vector extensions: load, store, fma, lane shuffles.
// Included only by objects compiled per instruction set, so everything is in an anonymous namespace and no STL
// header is used. Products and sums are fused explicitly, so every instruction set rounds alike.
#pragma once

#include <cstdint>

#if defined(__AVX2__)
#include <immintrin.h>
#endif

#include "kernels/kernel_table.hpp"

#if defined(__AVX512F__)
#define KETJET_VECTOR_BYTES 64
#elif defined(__AVX2__)
#define KETJET_VECTOR_BYTES 32
#else
#define KETJET_VECTOR_BYTES 16
#endif

#define KETJET_INLINE inline __attribute__((always_inline))
#if defined(__clang__)
#define KETJET_UNROLL _Pragma("unroll")
#define KETJET_UNROLL_PARTLY _Pragma("clang loop unroll_count(4)")
#else
#define KETJET_UNROLL _Pragma("GCC unroll 16")
#define KETJET_UNROLL_PARTLY KETJET_UNROLL
#endif

namespace ketjet {
namespace {

template <class T>
struct Simd;
template <>
struct Simd<double> {
    typedef double Vector __attribute__((vector_size(KETJET_VECTOR_BYTES)));
    typedef std::int64_t Mask __attribute__((vector_size(KETJET_VECTOR_BYTES)));
};
template <>
struct Simd<float> {
    typedef float Vector __attribute__((vector_size(KETJET_VECTOR_BYTES)));
    typedef std::int32_t Mask __attribute__((vector_size(KETJET_VECTOR_BYTES)));
};
template <class T>
using Vector = typename Simd<T>::Vector;
template <class T>
using Mask = typename Simd<T>::Mask;

template <class T>
constexpr int lanes = KETJET_VECTOR_BYTES / static_cast<int>(sizeof(T));

constexpr int log2_of(int value) { return value <= 1 ? 0 : 1 + log2_of(value / 2); }
template <class T>
constexpr int lane_bits = log2_of(lanes<T>);

template <class T>
KETJET_INLINE Vector<T> load(const T* address) {
    return *reinterpret_cast<const Vector<T>*>(address);
}
template <class T>
KETJET_INLINE void store(T* address, Vector<T> value) {
    *reinterpret_cast<Vector<T>*>(address) = value;
}
// A store that goes past the caches, for lines that will not be read soon.
template <class T>
KETJET_INLINE void stream(T* address, Vector<T> value) {
#if defined(__AVX512F__)
    if constexpr (sizeof(T) == 8) {
        _mm512_stream_pd(address, value);
    } else {
        _mm512_stream_ps(address, value);
    }
#elif defined(__AVX2__)
    if constexpr (sizeof(T) == 8) {
        _mm256_stream_pd(address, value);
    } else {
        _mm256_stream_ps(address, value);
    }
#else
    store(address, value);
#endif
}
// Makes streamed stores visible to other threads before any later store.
KETJET_INLINE void finish_streaming() {
#if defined(__AVX2__)
    _mm_sfence();
#endif
}
template <class T>
KETJET_INLINE Vector<T> splat(T value) {
    return value - Vector<T>{};  // not +, which would turn -0 into 0 and so cost an instruction
}

// fma: a * b + c, fnma: c - a * b, each rounded once. The baseline has no fused instruction: singles go through
// double, which rounds alike but in one case of 2^29; doubles are rounded twice.
#if defined(__AVX512F__)
KETJET_INLINE Vector<double> fma(Vector<double> a, Vector<double> b, Vector<double> c) {
    return _mm512_fmadd_pd(a, b, c);
}
KETJET_INLINE Vector<double> fnma(Vector<double> a, Vector<double> b, Vector<double> c) {
    return _mm512_fnmadd_pd(a, b, c);
}
KETJET_INLINE Vector<float> fma(Vector<float> a, Vector<float> b, Vector<float> c) { return _mm512_fmadd_ps(a, b, c); }
KETJET_INLINE Vector<float> fnma(Vector<float> a, Vector<float> b, Vector<float> c) {
    return _mm512_fnmadd_ps(a, b, c);
}
#elif defined(__AVX2__)
KETJET_INLINE Vector<double> fma(Vector<double> a, Vector<double> b, Vector<double> c) {
    return _mm256_fmadd_pd(a, b, c);
}
KETJET_INLINE Vector<double> fnma(Vector<double> a, Vector<double> b, Vector<double> c) {
    return _mm256_fnmadd_pd(a, b, c);
}
KETJET_INLINE Vector<float> fma(Vector<float> a, Vector<float> b, Vector<float> c) { return _mm256_fmadd_ps(a, b, c); }
KETJET_INLINE Vector<float> fnma(Vector<float> a, Vector<float> b, Vector<float> c) {
    return _mm256_fnmadd_ps(a, b, c);
}
#else
typedef double WideVector __attribute__((vector_size(2 * KETJET_VECTOR_BYTES)));
KETJET_INLINE Vector<double> fma(Vector<double> a, Vector<double> b, Vector<double> c) { return a * b + c; }
KETJET_INLINE Vector<double> fnma(Vector<double> a, Vector<double> b, Vector<double> c) { return c - a * b; }
KETJET_INLINE Vector<float> fma(Vector<float> a, Vector<float> b, Vector<float> c) {
    const WideVector product = __builtin_convertvector(a, WideVector) * __builtin_convertvector(b, WideVector);
    return __builtin_convertvector(product + __builtin_convertvector(c, WideVector), Vector<float>);
}
KETJET_INLINE Vector<float> fnma(Vector<float> a, Vector<float> b, Vector<float> c) { return fma(-a, b, c); }
#endif

// a + b and b - a, which sums have execution units of their own for on some CPUs, by the units of fused products. Needs
// a vector of ones; the baseline has no such choice.
#if defined(__AVX2__)
template <class V>
KETJET_INLINE V fused_sum(V one, V a, V b) {
    return fma(one, a, b);
}
template <class V>
KETJET_INLINE V fused_difference(V one, V a, V b) {
    return fnma(one, a, b);
}
#else
template <class V>
KETJET_INLINE V fused_sum(V, V a, V b) {
    return a + b;
}
template <class V>
KETJET_INLINE V fused_difference(V, V a, V b) {
    return b - a;
}
#endif

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

// Keeps a value in a register at this point: a loaded vector is not loaded again as the operand of each use, and an
// address is worked out again instead of being spilled.
#if defined(__x86_64__)
#define KETJET_IN_REGISTER(value) asm("" : "+v"(value))
#define KETJET_FORGET(address) asm("" : "+r"(address))
#else
#define KETJET_IN_REGISTER(value) ((void)0)
#define KETJET_FORGET(address) ((void)0)
#endif

// Scalars from the start of one vector's real parts to the next vector's.
template <class T>
constexpr std::uint64_t stride = 2 * static_cast<std::uint64_t>(lanes<T>);

}  // namespace
}  // namespace ketjet
