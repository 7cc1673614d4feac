// Whether Strassen's product is worth it, and what it can do that plan_direct cannot.
#include "simd/conv_algorithm.h"

namespace keel::simd {
namespace {

bool is_pointwise(const ConvShape& s) {
  for (int a = 0; a < kConvAxes; a++) {
    if ((s.out[a] - 1) * s.stride[a] >= s.in[a]) return false;
  }
  return s.group == 1 && !s.transposed && !s.plain_input && product(s.kernel) == 1 &&
         s.pad == ConvExtents{0, 0, 0} && ceil_div(s.k, kConvBlock) % 2 == 0;
}

}  // namespace

// Measured on AVX-512. Few channels do not pay for staging and for the tiles of sums; small planes
// wait for weights, of which there are 7/4 as many, unless those stay in a cache or strided pixels
// had to be gathered anyway.
bool prefers_strassen(const ConvShape& s) {
  if (!is_pointwise(s)) return false;
  const std::int64_t pixels = product(s.out);
  if (product(s.stride) > 1) return s.c >= 64 && s.k >= 128 && pixels >= 36;
  if (pixels >= 100) return s.c >= 112 && s.k >= 128;
  constexpr std::int64_t kCached = 512 << 10;
  return pixels >= 36 && s.c >= 112 && s.k >= 256 && s.c * s.k <= kCached;
}

bool takes_prologue(const ConvShape& shape) {
  const ConvShape s = conv_canonical(shape);
  return is_pointwise(s) && product(s.stride) == 1 && s.c >= 2 * kConvBlock;
}

bool strassen_takes_matrix(const ConvShape& s) {
  return is_pointwise(s) && s.n == 1 && !s.prologue && s.c % kConvBlock == 0 &&
         s.k % kConvBlock == 0 && s.c >= 128 && s.k >= 128 && product(s.out) >= 28;
}

}  // namespace keel::simd
