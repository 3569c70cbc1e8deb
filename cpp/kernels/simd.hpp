// The vector register of this instruction set, on GCC/Clang vector extensions: load, store, fma.
// Included only by objects compiled per instruction set, so everything is in an anonymous namespace and no STL
// header is used. Products and sums are fused explicitly, so every instruction set rounds alike.
#pragma once

#include <cstdint>

#if defined(__AVX2__)
#include <immintrin.h>
#elif defined(KETJET_NEON)
#include <arm_neon.h>
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

// fma: a * b + c, fnma: c - a * b, each rounded once. The portable table has no fused instruction: singles go through
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
#elif defined(KETJET_NEON)
KETJET_INLINE Vector<double> fma(Vector<double> a, Vector<double> b, Vector<double> c) { return vfmaq_f64(c, a, b); }
KETJET_INLINE Vector<double> fnma(Vector<double> a, Vector<double> b, Vector<double> c) { return vfmsq_f64(c, a, b); }
KETJET_INLINE Vector<float> fma(Vector<float> a, Vector<float> b, Vector<float> c) { return vfmaq_f32(c, a, b); }
KETJET_INLINE Vector<float> fnma(Vector<float> a, Vector<float> b, Vector<float> c) { return vfmsq_f32(c, a, b); }
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
// a vector of ones; only x86 has such CPUs.
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

// Keeps a value in a register at this point: a loaded vector is not loaded again as the operand of each use, and an
// address is worked out again instead of being spilled.
#if defined(__x86_64__) && !defined(KETJET_EMULATED)
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
