// Stands in for AVX-512 where the CPU has none: the intrinsics that the kernels use, lane by lane. For tests alone: the
// build's option KETJET_EMULATE_AVX512 has it read before anything else of that object.
#pragma once

#include <immintrin.h>

#define __AVX512F__ 1
#define KETJET_EMULATED  // no register holds a whole vector

namespace ketjet {
namespace {
namespace emulated {

template <class V, class Lane>
inline V each_lane(Lane lane_of) {
    V result{};
    for (int lane = 0; lane < static_cast<int>(sizeof(V) / sizeof(result[0])); ++lane) result[lane] = lane_of(lane);
    return result;
}

inline __m512d fma(__m512d a, __m512d b, __m512d c) {
    return each_lane<__m512d>([&](int lane) { return __builtin_fma(a[lane], b[lane], c[lane]); });
}
inline __m512 fma(__m512 a, __m512 b, __m512 c) {
    return each_lane<__m512>([&](int lane) { return __builtin_fmaf(a[lane], b[lane], c[lane]); });
}

typedef int Ints __attribute__((vector_size(64)));

inline __m512 permuted(__m512i index, __m512 v) {
    const Ints from = reinterpret_cast<Ints>(index);
    return each_lane<__m512>([&](int lane) { return v[from[lane]]; });
}
inline __m512d permuted(__m512i index, __m512d v) {
    return each_lane<__m512d>([&](int lane) { return v[index[lane]]; });
}
inline __m512i ints(Ints values) { return reinterpret_cast<__m512i>(values); }

}  // namespace emulated
}  // namespace
}  // namespace ketjet

#define _mm512_fmadd_pd(a, b, c) ketjet::emulated::fma(a, b, c)
#define _mm512_fmadd_ps(a, b, c) ketjet::emulated::fma(a, b, c)
#define _mm512_fnmadd_pd(a, b, c) ketjet::emulated::fma(-(a), b, c)
#define _mm512_fnmadd_ps(a, b, c) ketjet::emulated::fma(-(a), b, c)
#define _mm512_stream_pd(address, value) (*reinterpret_cast<__m512d*>(address) = (value))
#define _mm512_stream_ps(address, value) (*reinterpret_cast<__m512*>(address) = (value))
#define _mm512_xor_si512(a, b) ((a) ^ (b))
#undef _mm512_setr_epi64
#undef _mm512_setr_epi32
#define _mm512_setr_epi64(...) (__m512i{__VA_ARGS__})
#define _mm512_setr_epi32(...) ketjet::emulated::ints(ketjet::emulated::Ints{__VA_ARGS__})
#define _mm512_set1_epi64(value) (__m512i{} + (value))
#define _mm512_set1_epi32(value) ketjet::emulated::ints(ketjet::emulated::Ints{} + (value))
#define _mm512_maskz_permutexvar_pd(mask, index, v) ketjet::emulated::permuted(index, v)
#define _mm512_maskz_permutexvar_ps(mask, index, v) ketjet::emulated::permuted(index, v)
