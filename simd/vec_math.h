// Functions of mathematics on Vec. All of them let NaN through, and are right for infinities and
// for subnormals (unless the processor flushes those). Largest errors, in units of the last place:
// exp 0.96, log 0.79, erf 0.98, sigmoid 2.0, tanh 2.2; tests/simd/elementwise_test.cpp holds the
// bounds.
//
// Coefficients are minimax fits, each rounded to float before the next was fitted again.
#pragma once

#include "simd/kernel.h"

namespace keel::simd::KEEL_TARGET {

constexpr float kInfinity = __builtin_huge_valf();
constexpr float kNan = __builtin_nanf("");
constexpr float kLog2e = 1.44269504f;
// ln 2 in two parts; the first has so few bits that its product with an exponent is exact.
constexpr float kLn2Hi = 0.693359375f;
constexpr float kLn2Lo = -2.12194440e-4f;

// c0 + c1 x + c2 x^2 + …
template <typename... C>
KEEL_INLINE Vec poly(Vec x, float c0, C... c) {
  if constexpr (sizeof...(c) == 0) {
    return set1(c0);
  } else {
    return fma(poly(x, c...), x, set1(c0));
  }
}

// x = n ln 2 + r, n integral, |r| <= ln 2 / 2.
KEEL_INLINE Vec reduce_exp(Vec x, Vec& n) {
  n = round(x * set1(kLog2e));
  return fnma(n, set1(kLn2Lo), fnma(n, set1(kLn2Hi), x));
}
// e^r for |r| <= ln 2 / 2
KEEL_INLINE Vec exp_reduced(Vec r) {
  const Vec p = poly(r, 0.49999994f, 0.166665211f, 0.0416682623f, 0.00836867187f, 0.00138209993f);
  return fma(p, r * r, r) + set1(1.0f);
}
// e^r - 1 for |r| <= ln 2 / 2
KEEL_INLINE Vec expm1_reduced(Vec r) {
  const Vec p =
      poly(r, 0.5f, 0.166666657f, 0.0416664928f, 0.00833354611f, 0.00139323238f, 0.000197616959f);
  return fma(p, r * r, r);
}

// e^x = 2^n e^r. Beyond the clamps the result is 0 or infinity all the same.
KEEL_INLINE Vec exp(Vec x) {
  Vec n;
  x = min(set1(89.0f), max(set1(-104.0f), x));
  const Vec r = reduce_exp(x, n);
  return scale2(exp_reduced(r), n);
}
// e^x for x <= 0
KEEL_INLINE Vec exp_nonpositive(Vec x) {
  Vec n;
  const Vec r = reduce_exp(max(set1(-104.0f), x), n);
  return scale2(exp_reduced(r), n);
}

// 2^x where -150 <= x <= 130, within 3e-7 of itself.
KEEL_INLINE Vec exp2(Vec x) {
  const Vec n = round(x);
  const Vec p =
      poly(x - n, 1.0f, 0.693147f, 0.24022247f, 0.055507112f, 0.009671294f, 0.0013269406f);
  return scale2(p, n);
}

// x / (1 + e^(-alpha x)), `scale` = -alpha log2(e), by 2^(scale x): within 4e-6 of itself where the
// result is at least 1e-7 of x, as the product is rounded before its integral part is taken off.
KEEL_INLINE Vec swish(Vec x, Vec scale) {
  return x / (set1(1.0f) + exp2(min(set1(130.0f), max(set1(-150.0f), x * scale))));
}

// e^x - 1 = 2^n (e^r - 1) + (2^n - 1), halved so that n = 128 does not overflow too early.
KEEL_INLINE Vec expm1(Vec x) {
  Vec n;
  const Vec r = reduce_exp(min(set1(89.0f), max(set1(-18.0f), x)), n);
  const Vec half = pow2(round_to_int(n) - iset1(1));
  const Vec y = fma(expm1_reduced(r), half, half - set1(0.5f));
  return copysign(y + y, x);
}

// ln(1 + f) - f for f in [-1/3, 1/3]
KEEL_INLINE Vec log1p_tail(Vec f) {
  return f * f *
         poly(f, -0.5f, 0.333332151f, -0.249998048f, 0.20010443f, -0.166801766f, 0.140053764f,
              -0.121884629f, 0.139865026f, -0.128737614f);
}
// x = 2^e m, m in [2/3, 4/3); x positive and normal.
KEEL_INLINE Vec split_exponent(Vec x, IVec& e) {
  const IVec bits = bitcast(x);
  e = shift_right<23>(bits - bitcast(set1(2.0f / 3.0f)));
  return bitcast(bits - shift_left<23>(e));
}
// e ln 2 + f + tail
KEEL_INLINE Vec log_sum(Vec e, Vec f, Vec tail) {
  return fma(e, set1(kLn2Hi), f + fma(e, set1(kLn2Lo), tail));
}
// `y`, but the logarithm's values where u is not in (0, infinity).
KEEL_INLINE Vec log_edges(Vec u, Vec y) {
  y = select(u < set1(kInfinity), y, u);
  y = select(u < zero(), set1(kNan), y);
  return select(u == zero(), set1(-kInfinity), y);
}

KEEL_INLINE Vec log(Vec x) {
  const Mask subnormal = x < set1(1.17549435e-38f);
  IVec e;
  const Vec m = split_exponent(select(subnormal, x * set1(8388608.0f), x), e);
  const Vec f = m - set1(1.0f);
  const Vec exponent = to_float(e) - select(subnormal, set1(23.0f), zero());
  return log_edges(x, log_sum(exponent, f, log1p_tail(f)));
}

// ln(1 + x): 1 + x = 2^e (1 + f), with f from x rather than from the rounded sum.
KEEL_INLINE Vec log1p(Vec x) {
  const Vec u = x + set1(1.0f);
  IVec e;
  const Vec m = split_exponent(u, e);
  const Mask large = x > set1(16777216.0f);
  const Vec scale = pow2(iset1(0) - select(large, iset1(0), e));
  const Vec f = select(large, m - set1(1.0f), fma(x, scale, scale - set1(1.0f)));
  const Vec y = log_sum(to_float(e), f, log1p_tail(f));
  return select(x == zero(), x, log_edges(u, y));
}

// Both sides from e^-|x|, so that neither tail cancels.
KEEL_INLINE Vec sigmoid(Vec x) {
  const Vec e = exp_nonpositive(-abs(x));
  return select(x < zero(), e, set1(1.0f)) / (set1(1.0f) + e);
}

// (e^2t - 1) / (e^2t + 1) with t = |x|; 1 from t = 9.02 on.
KEEL_INLINE Vec tanh(Vec x) {
  const Vec t = min(set1(10.0f), abs(x));
  Vec n;
  const Vec r = reduce_exp(t + t, n);
  const Vec scale = pow2(round_to_int(n));
  const Vec e = fma(expm1_reduced(r), scale, scale - set1(1.0f));
  return copysign(e / (e + set1(2.0f)), x);
}

// |x| < 0.93: an odd polynomial; else 1 - e^-z, z = t + t P(t) a fit of -ln erfc.
KEEL_INLINE Vec erf(Vec x) {
  const Vec s = x * x;
  const Vec small = fma(x,
                        poly(s, 0.128379166f, -0.376126289f, 0.112836257f, -0.0268557314f,
                             0.00519240508f, -0.000804976968f, 7.99664995e-05f),
                        x);
  const Vec t = min(set1(4.0f), abs(x));
  const Vec z = fma(t,
                    poly(t, 0.12864849f, 0.635151327f, 0.106236845f, -0.0237620194f, 0.00364242913f,
                         -0.000322793203f, 1.12296784e-05f),
                    t);
  Vec n;
  const Vec r = reduce_exp(-z, n);
  const Vec e = exp_reduced(r) * pow2(round_to_int(n));
  return select(t > set1(0.93f), copysign(set1(1.0f) - e, x), small);
}

// max(x, 0) + ln(1 + e^-|x|)
KEEL_INLINE Vec softplus(Vec x) { return max(zero(), x) + log1p(exp_nonpositive(-abs(x))); }

// tanh(softplus(x)) = w / (w + 2) with w = e^x (e^x + 2); 1 long before x = 20.
KEEL_INLINE Vec mish(Vec x) {
  const Vec e = exp(min(set1(20.0f), x));
  const Vec w = e * (e + set1(2.0f));
  return x * (w / (w + set1(2.0f)));
}

// x Phi(x), absolute error <= 2e-7 max(1, |x|): a fit of the tail Phi(-t), t = |x|, about the
// middle of [0, 5.4], behind which nothing is left of it.
KEEL_INLINE Vec gelu(Vec x) {
  const Vec t = abs(x);
  const Vec p = poly(t - set1(2.7f), 0.00346696423f, -0.0104211131f, 0.0140684498f, -0.0109233717f,
                     0.00502872374f, -0.00107967865f, -0.000184880904f, 0.000202168289f,
                     -4.82809883e-05f, -6.24138784e-06f, 5.93272807e-06f, -6.6626626e-07f,
                     -2.92186002e-07f, 6.62424924e-08f, 5.8667573e-09f, -1.90364902e-09f);
  const Vec tail = select(t < set1(5.4f), p, zero());
  return x * select(x < zero(), tail, set1(1.0f) - tail);
}
// Absolute error <= 4e-7 max(1, |x|).
KEEL_INLINE Vec gelu_tanh(Vec x) {
  const Vec half = set1(0.5f) * x;
  const Vec inner = set1(0.797884561f) * fma(set1(0.044715f) * x, x * x, x);
  return fma(half, tanh(inner), half);
}

}  // namespace keel::simd::KEEL_TARGET
