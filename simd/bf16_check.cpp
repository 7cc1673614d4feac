#include <algorithm>
#include <vector>

#include "simd/bf16.h"

namespace keel::simd {
namespace {

// Small whole numbers: their bfloat16 and all sums are exact. No two rows or columns are alike.
int number(std::int64_t row, std::int64_t column) {
  return static_cast<int>((row * 7 + column * 3 + row * column % 5) % 9) - 4;
}

std::uint16_t bf16(int value) {  // exact up to 256
  const auto as_float = static_cast<float>(value);
  std::uint32_t bits;
  __builtin_memcpy(&bits, &as_float, sizeof(bits));
  return static_cast<std::uint16_t>(bits >> 16);
}

}  // namespace

// 32 outputs of the unit's pixels over two blocks of channels and two taps, the second a position
// further on.
bool bf16_works(const Bf16Kernels& kernels) {
  constexpr std::int64_t kBlocks = 2, kTaps = 2, kPositions = kBf16Positions + 1, kOutputs = 32;
  struct alignas(64) Line {
    std::uint16_t at[kBf16Channels];
  };
  std::vector<Line> x(kBlocks * kPositions), w(kBlocks * kTaps * kOutputs);
  for (std::int64_t i = 0; i < kBlocks * kPositions * kBf16Channels; i++) {
    const std::int64_t position = i / kBf16Channels % kPositions;
    const std::int64_t channel = i / kBf16Channels / kPositions * kBf16Channels + i % kBf16Channels;
    x[i / kBf16Channels].at[i % kBf16Channels] = bf16(number(position, channel));
  }
  // w: [block][tap][output block][pair][output][2]
  const auto weight = [](std::int64_t block, std::int64_t tap, std::int64_t c, std::int64_t k) {
    return number(k, (block * kTaps + tap) * kBf16Channels + c + 1);
  };
  for (std::int64_t i = 0; i < kBlocks * kTaps * kOutputs * kBf16Channels; i++) {
    const std::int64_t pair = i / 32 % 16, output = i / 2 % 16, block = i / 512 % 2;
    w[i / kBf16Channels].at[i % kBf16Channels] =
        bf16(weight(i / 2048, i / 1024 % 2, 2 * pair + i % 2, block * 16 + output));
  }
  std::vector<float> y(kOutputs * kBf16Positions);
  const std::ptrdiff_t taps[kTaps] = {0, kBf16Channels};
  const Bf16Run run = {0, kernels.pixels, 0};
  Bf16TileArgs a = {};
  a.x = x[0].at;
  a.x_block = kPositions * kBf16Channels;
  a.blocks = kBlocks;
  a.last_pairs = kBf16Channels / 2;
  a.taps = taps, a.taps_end = taps + kTaps;
  a.w = a.ahead = w[0].at;
  a.output_blocks = kBf16Panel;
  a.last_lanes = 16;
  a.pixels = kernels.pixels;
  a.runs = &run, a.runs_end = &run + 1;
  a.y = y.data();
  a.y_pixel = 16, a.y_block = kBf16Positions * 16;
  kernels.begin();
  kernels.tile(a);
  kernels.end();
  for (std::int64_t q = 0; q < kernels.pixels; q++) {
    for (std::int64_t k = 0; k < kOutputs; k++) {
      int sum = 0;
      for (std::int64_t i = 0; i < kBlocks * kTaps * kBf16Channels; i++) {
        const std::int64_t block = i / (kTaps * kBf16Channels), tap = i / kBf16Channels % kTaps;
        const std::int64_t c = i % kBf16Channels;
        sum += number(q + tap, block * kBf16Channels + c) * weight(block, tap, c, k);
      }
      if (y[(k / 16 * kBf16Positions + q) * 16 + k % 16] != static_cast<float>(sum)) return false;
    }
  }
  return true;
}

}  // namespace keel::simd
