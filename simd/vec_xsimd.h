// Vec over an xsimd batch. vec_scalar.h says what each primitive means; here stand those for which
// xsimd has the right meaning and one instruction, in vec_x86.h those that need intrinsics.
#pragma once

#include <xsimd/xsimd.hpp>

namespace keel::simd::KEEL_TARGET {

struct Vec {
  xsimd::batch<float, KEEL_ARCH> b;
};
struct IVec {
  xsimd::batch<std::int32_t, KEEL_ARCH> b;
};
struct Mask {
  xsimd::batch_bool<float, KEEL_ARCH> b;
};

constexpr int kWidth = static_cast<int>(xsimd::batch<float, KEEL_ARCH>::size);

KEEL_INLINE Vec load(const float* p) { return {xsimd::batch<float, KEEL_ARCH>::load_unaligned(p)}; }
KEEL_INLINE void store(float* p, Vec a) { a.b.store_unaligned(p); }
KEEL_INLINE Vec load_aligned(const float* p) {
  return {xsimd::batch<float, KEEL_ARCH>::load_aligned(p)};
}
KEEL_INLINE void store_aligned(float* p, Vec a) { a.b.store_aligned(p); }
KEEL_INLINE IVec iload(const std::int32_t* p) {
  return {xsimd::batch<std::int32_t, KEEL_ARCH>::load_unaligned(p)};
}
KEEL_INLINE void istore(std::int32_t* p, IVec a) { a.b.store_unaligned(p); }

KEEL_INLINE Vec set1(float x) { return {xsimd::batch<float, KEEL_ARCH>(x)}; }
KEEL_INLINE Vec broadcast(const float* p) { return set1(*p); }
KEEL_INLINE Vec zero() { return set1(0.0f); }
KEEL_INLINE IVec iset1(std::int32_t x) { return {xsimd::batch<std::int32_t, KEEL_ARCH>(x)}; }

KEEL_INLINE IVec bitcast(Vec a) {
  return {xsimd::bitwise_cast<xsimd::batch<std::int32_t, KEEL_ARCH>>(a.b)};
}
KEEL_INLINE Vec bitcast(IVec a) {
  return {xsimd::bitwise_cast<xsimd::batch<float, KEEL_ARCH>>(a.b)};
}

KEEL_INLINE Vec operator+(Vec a, Vec b) { return {a.b + b.b}; }
KEEL_INLINE Vec operator-(Vec a, Vec b) { return {a.b - b.b}; }
KEEL_INLINE Vec operator*(Vec a, Vec b) { return {a.b * b.b}; }
KEEL_INLINE Vec operator/(Vec a, Vec b) { return {a.b / b.b}; }
KEEL_INLINE Vec operator&(Vec a, Vec b) { return {a.b & b.b}; }
KEEL_INLINE Vec operator|(Vec a, Vec b) { return {a.b | b.b}; }
KEEL_INLINE Vec operator^(Vec a, Vec b) { return {a.b ^ b.b}; }
KEEL_INLINE IVec operator+(IVec a, IVec b) { return {a.b + b.b}; }
KEEL_INLINE IVec operator-(IVec a, IVec b) { return {a.b - b.b}; }
KEEL_INLINE IVec operator&(IVec a, IVec b) { return {a.b & b.b}; }
KEEL_INLINE IVec operator|(IVec a, IVec b) { return {a.b | b.b}; }
KEEL_INLINE IVec operator^(IVec a, IVec b) { return {a.b ^ b.b}; }

KEEL_INLINE Mask operator<(Vec a, Vec b) { return {a.b < b.b}; }
KEEL_INLINE Mask operator<=(Vec a, Vec b) { return {a.b <= b.b}; }
KEEL_INLINE Mask operator>(Vec a, Vec b) { return {a.b > b.b}; }
KEEL_INLINE Mask operator>=(Vec a, Vec b) { return {a.b >= b.b}; }
KEEL_INLINE Mask operator==(Vec a, Vec b) { return {a.b == b.b}; }
KEEL_INLINE Mask operator&(Mask a, Mask b) { return {a.b & b.b}; }
KEEL_INLINE Mask operator|(Mask a, Mask b) { return {a.b | b.b}; }

KEEL_INLINE Vec select(Mask m, Vec a, Vec b) { return {xsimd::select(m.b, a.b, b.b)}; }
KEEL_INLINE IVec select(Mask m, IVec a, IVec b) {
  return bitcast(select(m, bitcast(a), bitcast(b)));
}

// The x86 instructions return the second operand where either is NaN.
KEEL_INLINE Vec min(Vec a, Vec b) { return {xsimd::min(a.b, b.b)}; }
KEEL_INLINE Vec max(Vec a, Vec b) { return {xsimd::max(a.b, b.b)}; }
KEEL_INLINE Vec sqrt(Vec a) { return {xsimd::sqrt(a.b)}; }

template <int N>
KEEL_INLINE IVec shift_left(IVec a) {
  return {a.b << N};
}
template <int N>
KEEL_INLINE IVec shift_right(IVec a) {
  return {a.b >> N};
}
KEEL_INLINE Vec pow2(IVec n) { return bitcast(shift_left<23>(n + iset1(127))); }

}  // namespace keel::simd::KEEL_TARGET

#include "simd/vec_x86.h"
