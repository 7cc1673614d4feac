// x^y on Vec, in the manner of vec_math.h: the logarithm as the sum of two floats.
#pragma once

#include "simd/vec_math.h"

namespace keel::simd::KEEL_TARGET {

// a * b = product + error, exactly (but for underflow).
KEEL_INLINE Vec exact_product(Vec a, Vec b, Vec& error) {
  const Vec product = a * b;
  if constexpr (kHasFma) {
    error = fma(a, b, -product);
  } else {
    // Dekker: halves of 12 bits, cut off by masking, have exact products.
    const Vec top = bitcast(iset1(static_cast<std::int32_t>(0xfffff000)));
    const Vec a_hi = a & top, a_lo = a - a_hi, b_hi = b & top, b_lo = b - b_hi;
    error = ((a_hi * b_hi - product) + a_hi * b_lo + a_lo * b_hi) + a_lo * b_lo;
  }
  return product;
}

// ln x = hi + lo with a relative error of about 2^-35, for x in (0, infinity).
//
// x = 2^e m, m in [sqrt(1/2), sqrt(2)); ln m = 2 atanh(q/2) = q + q^3/12 + q^5/80 …, q = 2 (m-1) /
// (m+1). q is carried as q + q_lo.
KEEL_INLINE Vec log_extended(Vec x, Vec& lo) {
  const Mask subnormal = x < set1(1.17549435e-38f);
  const IVec bits = bitcast(select(subnormal, x * set1(8388608.0f), x));
  const IVec exponent = shift_right<23>(bits - bitcast(set1(0.707106781f)));
  const Vec m = bitcast(bits - shift_left<23>(exponent));
  const Vec e = to_float(exponent) - select(subnormal, set1(23.0f), zero());

  const Vec numerator = (m - set1(1.0f)) + (m - set1(1.0f));
  const Vec denominator = m + set1(1.0f);
  const Vec denominator_lo = m - (denominator - set1(1.0f));
  const Vec inverse = set1(1.0f) / denominator;
  const Vec q = numerator * inverse;
  Vec rest_lo;
  const Vec rest = exact_product(q, denominator, rest_lo);
  const Vec q_lo = ((numerator - rest) - fma(q, denominator_lo, rest_lo)) * inverse;

  // q^3 / 12 is the term that must still be exact; the rest of the series is below 2^-9 of q.
  Vec s_lo, cube_lo, term_lo;
  const Vec s = exact_product(q, q, s_lo);
  const Vec cube = exact_product(q, s, cube_lo);
  const Vec term = exact_product(cube, set1(0.0833333358f), term_lo);
  const Vec rest_of_cube = fma(q, s_lo, cube_lo);
  term_lo = fma(cube, set1(-2.48352694e-9f), fma(rest_of_cube, set1(0.0833333358f), term_lo));
  const Vec slope = set1(0.25f) * s;  // of the series at q, less 1
  const Vec series = cube * s * poly(s, 0.0125000477f, 0.0022302412f, 0.000457417249f) +
                     (term_lo + fma(q_lo, slope, q_lo));

  const Vec shift = e * set1(kLn2Hi);
  const Vec head = q + term;
  const Vec head_lo = (q - head) + term;
  const Vec sum = shift + head;
  const Vec low = ((shift - sum) + head) + fma(e, set1(kLn2Lo), head_lo + series);
  const Vec hi = sum + low;
  lo = low - (hi - sum);
  return hi;
}

// e^(y ln |x|), then the sign and the special cases of C's pow. Largest error seen: 1.2 ULP.
KEEL_INLINE Vec pow(Vec x, Vec y) {
  const Vec one = set1(1.0f), infinity = set1(kInfinity), t = abs(x);
  Vec log_lo;
  const Vec log_hi = log_extended(t, log_lo);
  // Far beyond overflow already; keeps the products finite.
  const Vec limited = min(set1(1e12f), max(set1(-1e12f), y));
  Vec product_lo;
  Vec product = exact_product(limited, log_hi, product_lo);
  product_lo = fma(limited, log_lo, product_lo);
  product_lo = select(abs(product) > set1(104.0f), zero(), product_lo);
  product = min(set1(89.0f), max(set1(-104.0f), product));
  Vec n;
  const Vec reduced = reduce_exp(product, n);
  Vec r = scale2(exp_reduced(reduced + product_lo), n);

  const Vec at_zero = select(y < zero(), infinity, zero());
  const Vec at_infinity = select(y < zero(), zero(), infinity);
  r = select(t == zero(), at_zero, r);
  r = select(t == infinity, at_infinity, r);
  r = select(is_nan(x), x, select(is_nan(y), y, r));
  const Vec half = set1(0.5f) * y;
  const Mask integral = trunc(y) == y;
  const Mask odd = integral & (trunc(half) != half);
  const Vec sign = bitcast(iset1(INT32_MIN));
  r = select(odd, r ^ (x & sign), r);
  r = select((x < zero()) & (x > -infinity) & !integral, set1(kNan), r);
  return select((x == one) | (y == zero()), one, r);
}

}  // namespace keel::simd::KEEL_TARGET
