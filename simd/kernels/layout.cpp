// Plain <-> NCHW16c: transposes of kWidth channels x kWidth positions in registers.
#include "simd/layout.h"

#include "simd/kernel.h"

namespace keel::simd::KEEL_TARGET {
namespace {

// x: `channels` rows (at most kWidth), `pitch` floats apart, `n` positions each (at most kWidth).
// y: [n][16]; kWidth channels of each position are written, 0 beyond `channels`.
template <bool Whole>
KEEL_INLINE void tile_to_blocked(const float* x, std::int64_t pitch, std::int64_t channels,
                                 std::int64_t n, float* y) {
  Vec rows[kWidth];
  KEEL_UNROLL for (int c = 0; c < kWidth; c++) {
    if (Whole) {
      rows[c] = load(x + c * pitch);
    } else {
      rows[c] = c < channels ? load_partial(x + c * pitch, n) : zero();
    }
  }
  transpose(rows);
  KEEL_UNROLL for (int i = 0; i < kWidth; i++) {
    if (Whole || i < n) store(y + i * kBlock, rows[i]);
  }
}

// The inverse: x [n][16], y `channels` rows.
template <bool Whole>
KEEL_INLINE void tile_from_blocked(const float* x, float* y, std::int64_t pitch,
                                   std::int64_t channels, std::int64_t n) {
  Vec rows[kWidth];
  KEEL_UNROLL for (int i = 0; i < kWidth; i++) {
    rows[i] = Whole || i < n ? load(x + i * kBlock) : zero();
  }
  transpose(rows);
  KEEL_UNROLL for (int c = 0; c < kWidth; c++) {
    if (Whole) {
      store(y + c * pitch, rows[c]);
    } else if (c < channels) {
      store_partial(y + c * pitch, rows[c], n);
    }
  }
}

void rows_to_block(const float* x, std::int64_t pitch, float* y, std::int64_t channels,
                   std::int64_t spatial) {
  for (std::int64_t s = 0; s < spatial; s += kWidth) {
    const std::int64_t n = spatial - s < kWidth ? spatial - s : kWidth;
    for (int c = 0; c < kBlock; c += kWidth) {
      const float* from = x + c * pitch + s;
      if (n == kWidth && channels - c >= kWidth) {
        tile_to_blocked<true>(from, pitch, kWidth, kWidth, y + s * kBlock + c);
      } else {
        tile_to_blocked<false>(from, pitch, channels - c, n, y + s * kBlock + c);
      }
    }
  }
}

void to_blocked(const float* x, float* y, std::int64_t channels, std::int64_t spatial) {
  for (std::int64_t block = 0; block < channels; block += kBlock, y += kBlock * spatial) {
    rows_to_block(x + block * spatial, spatial, y, channels - block, spatial);
  }
}

void from_blocked(const float* x, float* y, std::int64_t channels, std::int64_t spatial) {
  for (std::int64_t block = 0; block < channels; block += kBlock, x += kBlock * spatial) {
    for (std::int64_t s = 0; s < spatial; s += kWidth) {
      const std::int64_t n = spatial - s < kWidth ? spatial - s : kWidth;
      for (int c = 0; c < kBlock; c += kWidth) {
        float* to = y + (block + c) * spatial + s;
        const std::int64_t rows = channels - block - c;
        if (n == kWidth && rows >= kWidth) {
          tile_from_blocked<true>(x + s * kBlock + c, to, spatial, kWidth, kWidth);
        } else {
          tile_from_blocked<false>(x + s * kBlock + c, to, spatial, rows, n);
        }
      }
    }
  }
}

}  // namespace

extern const LayoutKernels layout_kernels;
const LayoutKernels layout_kernels = {to_blocked, rows_to_block, from_blocked};

}  // namespace keel::simd::KEEL_TARGET
