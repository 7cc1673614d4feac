// Vec without an instruction set: four floats in a struct, plain C++. The reference for the meaning
// of every primitive, and what other processors run.
#pragma once

#include <cstddef>
#include <cstdint>

namespace keel::simd::KEEL_TARGET {

constexpr int kWidth = 4;

// kWidth floats. Pass by value; index arrays of Vec with constants only.
struct Vec {
  float lane[kWidth];
};
// kWidth 32-bit integers; arithmetic wraps.
struct IVec {
  std::uint32_t lane[kWidth];
};
// kWidth truth values, what comparisons return.
struct Mask {
  bool lane[kWidth];
};

#define KEEL_LANES(expression)         \
  {                                    \
    for (int i = 0; i < kWidth; i++) { \
      expression;                      \
    }                                  \
  }

// `p` needs only the alignment of float; the _aligned forms want 64 bytes.
KEEL_INLINE Vec load(const float* p) {
  Vec r;
  KEEL_LANES(r.lane[i] = p[i])
  return r;
}
KEEL_INLINE void store(float* p, Vec a) KEEL_LANES(p[i] = a.lane[i]) KEEL_INLINE Vec
    load_aligned(const float* p) {
  return load(p);
}
KEEL_INLINE void store_aligned(float* p, Vec a) { store(p, a); }
// The first n lanes, 0 <= n <= kWidth; no byte beyond them is touched, the other lanes are 0.
KEEL_INLINE Vec load_partial(const float* p, std::ptrdiff_t n) {
  Vec r;
  KEEL_LANES(r.lane[i] = i < n ? p[i] : 0.0f)
  return r;
}
KEEL_INLINE void store_partial(float* p, Vec a, std::ptrdiff_t n) {
  KEEL_LANES(if (i < n) p[i] = a.lane[i])
}
// Lane l of the result is lane from[l] of a, 0 <= from[l] < kWidth.
KEEL_INLINE Vec permute(Vec a, IVec from) {
  Vec r;
  KEEL_LANES(r.lane[i] = a.lane[from.lane[i]])
  return r;
}
// The same value, which the compiler then keeps in a register instead of loading it once per use.
KEEL_INLINE Vec in_register(Vec a) { return a; }
KEEL_INLINE IVec iload(const std::int32_t* p) {
  IVec r;
  KEEL_LANES(r.lane[i] = static_cast<std::uint32_t>(p[i]))
  return r;
}
KEEL_INLINE void istore(std::int32_t* p,
                        IVec a){KEEL_LANES(p[i] = static_cast<std::int32_t>(a.lane[i]))}

KEEL_INLINE Vec set1(float x) {
  Vec r;
  KEEL_LANES(r.lane[i] = x)
  return r;
}
KEEL_INLINE Vec broadcast(const float* p) { return set1(*p); }
KEEL_INLINE Vec zero() { return set1(0.0f); }
KEEL_INLINE IVec iset1(std::int32_t x) {
  IVec r;
  KEEL_LANES(r.lane[i] = static_cast<std::uint32_t>(x))
  return r;
}

KEEL_INLINE IVec bitcast(Vec a) {
  IVec r;
  __builtin_memcpy(&r, &a, sizeof r);
  return r;
}
KEEL_INLINE Vec bitcast(IVec a) {
  Vec r;
  __builtin_memcpy(&r, &a, sizeof r);
  return r;
}

#define KEEL_BINARY(Result, Type, name, expression) \
  KEEL_INLINE Result name(Type a, Type b) {         \
    Result r;                                       \
    KEEL_LANES(r.lane[i] = expression)              \
    return r;                                       \
  }
KEEL_BINARY(Vec, Vec, operator+, a.lane[i] + b.lane[i])
KEEL_BINARY(Vec, Vec, operator-, a.lane[i] - b.lane[i])
KEEL_BINARY(Vec, Vec, operator*, a.lane[i] * b.lane[i])
KEEL_BINARY(Vec, Vec, operator/, a.lane[i] / b.lane[i])
// a < b ? a : b and a > b ? a : b: where either operand is NaN, b.
KEEL_BINARY(Vec, Vec, min, a.lane[i] < b.lane[i] ? a.lane[i] : b.lane[i])
KEEL_BINARY(Vec, Vec, max, a.lane[i] > b.lane[i] ? a.lane[i] : b.lane[i])
KEEL_BINARY(IVec, IVec, operator+, a.lane[i] + b.lane[i])
KEEL_BINARY(IVec, IVec, operator-, a.lane[i] - b.lane[i])
KEEL_BINARY(IVec, IVec, operator&, a.lane[i] & b.lane[i])
KEEL_BINARY(IVec, IVec, operator|, a.lane[i] | b.lane[i])
KEEL_BINARY(IVec, IVec, operator^, a.lane[i] ^ b.lane[i])
// False where either operand is NaN, but != is true there.
KEEL_BINARY(Mask, Vec, operator<, a.lane[i] < b.lane[i])
KEEL_BINARY(Mask, Vec, operator<=, a.lane[i] <= b.lane[i])
KEEL_BINARY(Mask, Vec, operator>, a.lane[i] > b.lane[i])
KEEL_BINARY(Mask, Vec, operator>=, a.lane[i] >= b.lane[i])
KEEL_BINARY(Mask, Vec, operator==, a.lane[i] == b.lane[i])
KEEL_BINARY(Mask, Vec, operator!=, !(a.lane[i] == b.lane[i]))
KEEL_BINARY(Mask, IVec, operator==, a.lane[i] == b.lane[i])
// signed
KEEL_BINARY(Mask, IVec, operator>,
            static_cast<std::int32_t>(a.lane[i]) > static_cast<std::int32_t>(b.lane[i]))
KEEL_BINARY(Mask, Mask, operator&, a.lane[i] && b.lane[i])
KEEL_BINARY(Mask, Mask, operator|, a.lane[i] || b.lane[i])
#undef KEEL_BINARY

// Bitwise, on the representation.
KEEL_INLINE Vec operator&(Vec a, Vec b) { return bitcast(bitcast(a) & bitcast(b)); }
KEEL_INLINE Vec operator|(Vec a, Vec b) { return bitcast(bitcast(a) | bitcast(b)); }
KEEL_INLINE Vec operator^(Vec a, Vec b) { return bitcast(bitcast(a) ^ bitcast(b)); }

KEEL_INLINE Mask operator!(Mask a) {
  Mask r;
  KEEL_LANES(r.lane[i] = !a.lane[i])
  return r;
}
KEEL_INLINE Mask is_nan(Vec a) { return a != a; }
KEEL_INLINE bool any(Mask a) {
  bool r = false;
  KEEL_LANES(r |= a.lane[i])
  return r;
}
// mask ? a : b, lane by lane.
KEEL_INLINE Vec select(Mask m, Vec a, Vec b) {
  Vec r;
  KEEL_LANES(r.lane[i] = m.lane[i] ? a.lane[i] : b.lane[i])
  return r;
}
KEEL_INLINE IVec select(Mask m, IVec a, IVec b) {
  IVec r;
  KEEL_LANES(r.lane[i] = m.lane[i] ? a.lane[i] : b.lane[i])
  return r;
}

// a * b + c: rounded once where the instruction set has FMA (avx2, avx512), twice elsewhere.
constexpr bool kHasFma = false;
KEEL_INLINE Vec fma(Vec a, Vec b, Vec c) { return a * b + c; }
// -(a * b) + c, likewise
KEEL_INLINE Vec fnma(Vec a, Vec b, Vec c) { return c - a * b; }

#define KEEL_UNARY(name, expression)   \
  KEEL_INLINE Vec name(Vec a) {        \
    Vec r;                             \
    KEEL_LANES(r.lane[i] = expression) \
    return r;                          \
  }
KEEL_UNARY(sqrt, __builtin_sqrtf(a.lane[i]))
KEEL_UNARY(round, __builtin_rintf(a.lane[i]))  // half to even
KEEL_UNARY(floor, __builtin_floorf(a.lane[i]))
KEEL_UNARY(ceil, __builtin_ceilf(a.lane[i]))
KEEL_UNARY(trunc, __builtin_truncf(a.lane[i]))
#undef KEEL_UNARY

// Half to even; |a| < 2^31, or the lane is unspecified.
KEEL_INLINE IVec round_to_int(Vec a) {
  IVec r;
  KEEL_LANES(const float x = __builtin_rintf(a.lane[i]);
             r.lane[i] = x >= -2147483648.0f && x < 2147483648.0f
                             ? static_cast<std::uint32_t>(static_cast<std::int32_t>(x))
                             : 0x80000000u)
  return r;
}
KEEL_INLINE Vec to_float(IVec a) {
  Vec r;
  KEEL_LANES(r.lane[i] = static_cast<float>(static_cast<std::int32_t>(a.lane[i])))
  return r;
}
template <int N>
KEEL_INLINE IVec shift_left(IVec a) {
  IVec r;
  KEEL_LANES(r.lane[i] = a.lane[i] << N)
  return r;
}
// Arithmetic: copies of the sign bit come in.
template <int N>
KEEL_INLINE IVec shift_right(IVec a) {
  IVec r;
  KEEL_LANES(r.lane[i] = static_cast<std::uint32_t>(static_cast<std::int32_t>(a.lane[i]) >> N))
  return r;
}

// 2^n for n in [-126, 127]
KEEL_INLINE Vec pow2(IVec n) { return bitcast(shift_left<23>(n + iset1(127))); }
// a * 2^n, rounded once, for integral n in [-252, 254]; NaN in a gives NaN.
KEEL_INLINE Vec scale2(Vec a, Vec n) {
  const IVec whole = round_to_int(n), half = shift_right<1>(whole);
  return a * pow2(half) * pow2(whole - half);
}

// Sum and maximum of the lanes, halving: lane i meets lane i + kWidth/2, then i + kWidth/4, …
KEEL_INLINE float horizontal_add(Vec a) {
  return (a.lane[0] + a.lane[2]) + (a.lane[1] + a.lane[3]);
}
KEEL_INLINE float horizontal_max(Vec a) {
  const float x = a.lane[0] > a.lane[2] ? a.lane[0] : a.lane[2];
  const float y = a.lane[1] > a.lane[3] ? a.lane[1] : a.lane[3];
  return x > y ? x : y;
}

// kWidth x kWidth in place: lane j of rows[i] becomes lane i of rows[j].
KEEL_INLINE void transpose(Vec (&rows)[kWidth]) {
  KEEL_UNROLL for (int i = 0; i < kWidth; i++) {
    KEEL_UNROLL for (int j = 0; j < i; j++) {
      const float t = rows[i].lane[j];
      rows[i].lane[j] = rows[j].lane[i];
      rows[j].lane[i] = t;
    }
  }
}

#undef KEEL_LANES
}  // namespace keel::simd::KEEL_TARGET
