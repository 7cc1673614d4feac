// Reorders between the plain layout, N C [spatial], and the blocked one, NCHW16c:
// [N][ceil(C/16)][spatial…][16]. Spatial dimensions count only as their product.
#pragma once

#include <cstdint>

namespace keel::simd {

// Channels of one block of NCHW16c, the same on every instruction set.
constexpr int kBlock = 16;

struct LayoutKernels {
  // One image: x [channels][spatial] -> y [ceil(channels/16)][spatial][16]. Lanes beyond `channels`
  // become 0.
  void (*to_blocked)(const float* x, float* y, std::int64_t channels, std::int64_t spatial);
  // The first 16 of `channels` rows, `pitch` floats apart, `spatial` columns each -> y
  // [spatial][16]. Lanes beyond `channels` become 0.
  void (*rows_to_block)(const float* x, std::int64_t pitch, float* y, std::int64_t channels,
                        std::int64_t spatial);
  // One image: x [ceil(channels/16)][spatial][16] -> y [channels][spatial].
  void (*from_blocked)(const float* x, float* y, std::int64_t channels, std::int64_t spatial);
};

}  // namespace keel::simd
