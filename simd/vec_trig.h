// Circular and hyperbolic functions on Vec, in the manner of vec_math.h.
#pragma once

#include "simd/vec_math.h"

namespace keel::simd::KEEL_TARGET {

constexpr float kPi = 3.14159274f;
constexpr float kHalfPiHi = 1.57079637f;
constexpr float kHalfPiLo = -4.37113883e-8f;

// Beyond this the four-part reduction below loses digits: the C library takes over, lane by lane.
constexpr float kCircleLimit = 8192.0f;

enum class Circular { Sin, Cos, Tan };

template <Circular kKind>
KEEL_NOINLINE static void circular_by_lane(float* lanes) {
  for (int i = 0; i < kWidth; i++) {
    const double x = lanes[i];
    if constexpr (kKind == Circular::Sin) lanes[i] = static_cast<float>(__builtin_sin(x));
    if constexpr (kKind == Circular::Cos) lanes[i] = static_cast<float>(__builtin_cos(x));
    if constexpr (kKind == Circular::Tan) lanes[i] = static_cast<float>(__builtin_tan(x));
  }
}

// x = n pi/2 + r with pi/2 in four parts, the first two short enough for exact products; then sine
// and cosine of r in [-pi/4, pi/4], exchanged and negated after n.
template <Circular kKind>
KEEL_INLINE Vec circular(Vec x) {
  if (__builtin_expect(any(abs(x) > set1(kCircleLimit)), 0)) {
    alignas(64) float lanes[kWidth];
    store_aligned(lanes, x);
    circular_by_lane<kKind>(lanes);
    return load_aligned(lanes);
  }
  const Vec turns = round(x * set1(0.636619772f));
  const IVec n = round_to_int(turns);
  Vec r = fnma(turns, set1(1.5703125f), x);
  r = fnma(turns, set1(4.83751297e-4f), r);
  r = fnma(turns, set1(7.54953362e-8f), r);
  r = fnma(turns, set1(2.56334407e-12f), r);
  const Vec s = r * r;
  const Vec sine =
      fma(r * s, poly(s, -0.166666672f, 0.0083333794f, -0.000198530644f, 2.83251006e-06f), r);
  const Vec cosine = fma(s * s, poly(s, 0.0416666456f, -0.00138873095f, 2.44323273e-05f),
                         fnma(set1(0.5f), s, set1(1.0f)));
  const Mask odd = (n & iset1(1)) == iset1(1);
  if constexpr (kKind == Circular::Tan) {
    return select(odd, -cosine, sine) / select(odd, sine, cosine);
  } else {
    const bool cos = kKind == Circular::Cos;
    const IVec quadrant = cos ? n + iset1(1) : n;
    const Vec y = cos ? select(odd, sine, cosine) : select(odd, cosine, sine);
    return y ^ bitcast(shift_left<30>(quadrant & iset1(2)));
  }
}
KEEL_INLINE Vec sin(Vec x) { return select(x == zero(), x, circular<Circular::Sin>(x)); }
KEEL_INLINE Vec cos(Vec x) { return circular<Circular::Cos>(x); }
KEEL_INLINE Vec tan(Vec x) { return select(x == zero(), x, circular<Circular::Tan>(x)); }

// x + x^3 P(x^2) for |x| <= 1/2, given s = x^2
KEEL_INLINE Vec asin_small(Vec x, Vec s) {
  return fma(x * s,
             poly(s, 0.166666597f, 0.0750052184f, 0.044513382f, 0.0318388455f, 0.0143169006f,
                  0.0376919061f),
             x);
}
// |x| > 1/2: asin x = pi/2 - 2 asin sqrt((1 - x) / 2); NaN beyond 1 comes from the square root.
KEEL_INLINE Vec asin(Vec x) {
  const Vec t = abs(x);
  const Mask large = t > set1(0.5f);
  const Vec s = select(large, set1(0.5f) - set1(0.5f) * t, t * t);
  const Vec y = asin_small(select(large, sqrt(s), t), s);
  return copysign(select(large, set1(kHalfPiHi) - (y + y - set1(kHalfPiLo)), y), x);
}
KEEL_INLINE Vec acos(Vec x) {
  const Vec t = abs(x);
  const Mask large = t > set1(0.5f);
  const Vec s = select(large, set1(0.5f) - set1(0.5f) * t, t * t);
  const Vec y = asin_small(select(large, sqrt(s), t), s);
  const Vec twice = y + y;
  const Vec outer = select(x < zero(), set1(kPi) - (twice - set1(2.0f * kHalfPiLo)), twice);
  return select(large, outer, set1(kHalfPiHi) - (copysign(y, x) - set1(kHalfPiLo)));
}
// |x| > 1: pi/2 - atan(1/x)
KEEL_INLINE Vec atan(Vec x) {
  const Vec t = abs(x);
  const Mask large = t > set1(1.0f);
  const Vec z = select(large, set1(1.0f) / t, t);
  const Vec s = z * z;
  const Vec y =
      fma(z * s,
          poly(s, -0.333332986f, 0.199985296f, -0.142640159f, 0.109508812f, -0.0839930698f,
               0.0578812398f, -0.0310965069f, 0.0108681582f, -0.00178262289f),
          z);
  return copysign(select(large, set1(kHalfPiHi) - (y - set1(kHalfPiLo)), y), x);
}

// From e^t - 1 with t = |x|; from e^(t/2) where e^t would overflow before its half does.
KEEL_INLINE Vec sinh(Vec x) {
  const Vec t = abs(x);
  const Vec e = expm1(t);
  const Vec h = exp(set1(0.5f) * t);
  const Vec y =
      select(t > set1(88.0f), set1(0.5f) * h * h, set1(0.5f) * (e + e / (e + set1(1.0f))));
  return copysign(y, x);
}
KEEL_INLINE Vec cosh(Vec x) {
  const Vec t = abs(x);
  const Vec e = exp(t);
  const Vec h = exp(set1(0.5f) * t);
  return select(t > set1(88.0f), set1(0.5f) * h * h, fma(set1(0.5f), e, set1(0.5f) / e));
}
// ln(t + sqrt(t^2 + 1)), cancellation-free; ln 2t where t^2 would overflow.
KEEL_INLINE Vec asinh(Vec x) {
  const Vec t = abs(x);
  const Mask large = t > set1(1e9f);
  const Vec s = t * t;
  const Vec y = log1p(select(large, t, t + s / (set1(1.0f) + sqrt(s + set1(1.0f)))));
  return copysign(select(large, y + set1(0.693147181f), y), x);
}
KEEL_INLINE Vec acosh(Vec x) {
  const Vec t = x - set1(1.0f);
  const Mask large = x > set1(1e9f);
  const Vec y = log1p(select(large, t, t + sqrt(fma(t, t, t + t))));
  return select(x < set1(1.0f), set1(kNan), select(large, y + set1(0.693147181f), y));
}
KEEL_INLINE Vec atanh(Vec x) {
  const Vec t = abs(x);
  return copysign(set1(0.5f) * log1p((t + t) / (set1(1.0f) - t)), x);
}

}  // namespace keel::simd::KEEL_TARGET
