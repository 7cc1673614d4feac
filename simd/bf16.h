// Products of bfloat16 with sums in float, the inner part: tiles of output pixels x output channels
// on a unit that multiplies pairs of bfloat16. conv_bf16.cpp is the outer part.
//
// Every unit reads the same operands, [32] being 16 pairs of channels:
//
//   x  [part][channel block of 32][position][32]
//   w  [channel block of 32][tap][part][output block][pair][16 outputs][2]
//
// AMX loads 16 positions of x and the 16 pairs of an output block of w as tiles; VDPBF16PS
// multiplies one pair of a position, broadcast, by one row of 16 outputs.
//
// There is one part, x and w rounded to bfloat16; or there are two, the value and what the rounding
// left of it, and three terms: x w = xh wh + xh wl + xl wh, which leaves out xl wl, a 2^-16th.
#pragma once

#include <cstddef>
#include <cstdint>

#include "simd/activation.h"
#include "simd/prologue.h"

namespace keel::simd {

constexpr int kBf16Channels = 32;                          // of a channel block
constexpr int kBf16Panel = 2;                              // output blocks of a full panel
constexpr int kBf16OutputBlock = kBf16Channels * 16;       // elements of one output block of w
constexpr int kBf16Positions = 32;                         // the most pixels of a tile
constexpr std::int64_t kBf16Overrun = kBf16Positions - 1;  // positions read behind the last

// Pixels of a tile that lie next to each other in the output.
struct Bf16Run {
  std::int64_t pixel, count;
  std::ptrdiff_t y;  // of the first, floats from the tile's y
};

struct Bf16TileArgs {
  const std::uint16_t* x;   // the position that pixel 0 reads with tap offset 0; pixels are
                            // positions next to each other
  std::ptrdiff_t x_part;    // elements from the upper part to the lower
  std::ptrdiff_t x_block;   // elements between channel blocks
  std::int64_t blocks;      // channel blocks
  std::int64_t last_pairs;  // of the last one that hold channels; w is 0 in the others
  const std::ptrdiff_t* taps;
  const std::ptrdiff_t* taps_end;  // elements from x
  const std::uint16_t* w;
  bool three_terms;
  int output_blocks;    // 1 or 2
  int last_lanes;       // outputs of the last block that y, residual and bias have: 1 to 16
  std::int64_t pixels;  // at most Bf16Kernels::pixels
  // y = act(sum + bias + residual) for the pixels of the runs.
  const Bf16Run* runs;
  const Bf16Run* runs_end;
  const float* bias;      // [16 * output blocks] or null
  const float* residual;  // laid out as y, or null
  float* y;
  std::ptrdiff_t y_pixel;  // floats
  std::ptrdiff_t y_block;
  Activation activation;
  const std::uint16_t* ahead;  // prefetched into L2, ahead_step elements for each channel block and
  std::ptrdiff_t ahead_step;  // tap; any address will do, step 0 where there is nothing to prefetch
};

// Positions of one channel block, out of two blocks of 16 channels or as many columns of a matrix.
struct Bf16StageArgs {
  const float* x;           // at any address
  std::ptrdiff_t x_pixel;   // floats between pixels
  std::ptrdiff_t x_second;  // floats from the first 16 channels to the others
  std::int64_t channels;    // at most 32: the others become 0; beyond 16 not read if none is left
  std::int64_t pixels;
  Prologue prologue;      // affine: of the first 16 channels
  std::uint16_t* to;      // [pixels][32], 64-byte aligned
  std::uint16_t* to_low;  // likewise the lower parts; null: not wanted
};

// What a unit takes, in steps of the fp32 tile kernel (16 products of floats).
struct Bf16Cost {
  double products;  // 16 products of bfloat16, in all terms
  double copy;      // a position of 32 channels
  double outputs;   // 16 sums, beyond what they take there
};

struct Bf16Kernels {
  const char* unit;     // null: this instruction set has none, and nothing else here is set
  int pixels;           // of a tile
  int granule;          // a tile of fewer pixels costs as much as the next multiple of it
  int channel_granule;  // likewise the channels of the last block
  Bf16Cost one, three;  // terms
  void (*begin)();      // before the tiles of a chunk, in the thread that runs it
  void (*end)();
  void (*tile)(const Bf16TileArgs&);
  void (*stage)(const Bf16StageArgs&);
  // One output block of one tap: row c of `lanes`, `pitch` floats apart, is channel c of `channels`
  // (the others are 0) for 16 outputs. low may be null.
  void (*pack)(const float* lanes, std::ptrdiff_t pitch, std::int64_t channels, std::uint16_t* high,
               std::uint16_t* low);
};

// Whether a tile on small integers, of which the sums are exact, comes out right.
bool bf16_works(const Bf16Kernels& kernels);

}  // namespace keel::simd
