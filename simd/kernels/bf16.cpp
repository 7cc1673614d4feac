// What surrounds the products of simd/bf16_unit.h: operands are rounded and laid out, sums leave
// with bias, residual and activation.
#include "simd/bf16.h"

#include "simd/bf16_unit.h"
#include "simd/epilogue.h"
#include "simd/half.h"
#include "simd/kernel.h"

namespace keel::simd::KEEL_TARGET {

#if !defined(KEEL_NO_BF16_UNIT)

namespace {

// x = high + low + what 16 bits of mantissa do not hold. high: x rounded to bfloat16, as a float,
// or cut off where it would become infinite. NaN stays NaN; low is 0 where high is not finite.
struct Parts {
  Vec high, low;
};
KEEL_INLINE Parts split(Vec x) {
  const IVec exponent = iset1(0x7f800000), upper = iset1(static_cast<std::int32_t>(0xffff0000u));
  const IVec bits = bitcast(x);
  const IVec odd = shift_right<16>(bits) & iset1(1);
  IVec rounded = (bits + iset1(0x7fff) + odd) & upper;
  rounded = select((rounded & exponent) == exponent, bits & upper, rounded);
  const Mask special = (bits & exponent) == exponent;
  const IVec kept = select(is_nan(x), (bits | iset1(0x00400000)) & upper, bits & upper);
  const Vec high = bitcast(select(special, kept, rounded));
  return {high, select(special, zero(), x - high)};
}

// All ones in the first n lanes of a block.
KEEL_INLINE Block first_lanes_of_block(std::int64_t n) {
  alignas(64) std::int32_t lanes[kBlock];
  for (int i = 0; i < kBlock; i++) lanes[i] = i < n ? -1 : 0;
  Block mask;
  KEEL_UNROLL for (int v = 0; v < kVecsPerBlock; v++) {
    mask.v[v] = bitcast(iload(lanes + v * kWidth));
  }
  return mask;
}

template <bool kPrologue>
KEEL_INLINE Block read(const Bf16StageArgs& a, const float* from, std::int64_t block,
                       const Block& mask) {
  Block x = load_block(from + block * a.x_second);
  if constexpr (kPrologue) {
    apply_prologue(a.prologue.affine + block * 3 * kBlock, a.prologue.activation, x);
  }
  KEEL_UNROLL for (int v = 0; v < kVecsPerBlock; v++) x.v[v] = x.v[v] & mask.v[v];
  return x;
}

template <bool kPrologue>
void stage_pixels(const Bf16StageArgs& a) {
  const Block masks[2] = {first_lanes_of_block(a.channels),
                          first_lanes_of_block(a.channels - kBlock)};
  const float* from = a.x;
  for (std::int64_t q = 0; q < a.pixels; q++, from += a.x_pixel) {
    Block x[2] = {read<kPrologue>(a, from, 0, masks[0]), masks[1]};  // the second mask may be 0
    if (a.channels > kBlock) x[1] = read<kPrologue>(a, from, 1, masks[1]);
    if (a.to_low == nullptr) {
      narrow(a.to + q * kBf16Channels, x[0], x[1]);
      continue;
    }
    Block low[2];
    KEEL_UNROLL for (int b = 0; b < 2; b++) {
      KEEL_UNROLL for (int v = 0; v < kVecsPerBlock; v++) {
        const Parts parts = split(x[b].v[v]);
        x[b].v[v] = parts.high;
        low[b].v[v] = parts.low;
      }
    }
    narrow(a.to + q * kBf16Channels, x[0], x[1]);
    narrow(a.to_low + q * kBf16Channels, low[0], low[1]);
  }
}

void stage(const Bf16StageArgs& a) {
  a.prologue.affine != nullptr ? stage_pixels<true>(a) : stage_pixels<false>(a);
}

// Pairs of channels, the even one in the lower half.
KEEL_INLINE void write_pairs(std::uint16_t* to, Vec even, Vec odd) {
  const IVec low = shift_right<16>(bitcast(even)) & iset1(0xffff);
  const IVec high = bitcast(odd) & iset1(static_cast<std::int32_t>(0xffff0000u));
  istore(reinterpret_cast<std::int32_t*>(to), low | high);
}

void pack(const float* lanes, std::ptrdiff_t pitch, std::int64_t channels, std::uint16_t* high,
          std::uint16_t* low) {
  for (std::int64_t c = 0; c < kBf16Channels; c += 2, lanes += 2 * pitch) {
    for (int v = 0; v < kBlock; v += kWidth) {
      const Parts even = split(c < channels ? load(lanes + v) : zero());
      const Parts odd = split(c + 1 < channels ? load(lanes + pitch + v) : zero());
      write_pairs(high + (c * kBlock + 2 * v), even.high, odd.high);
      // What is left, rounded in its turn.
      if (low == nullptr) continue;
      write_pairs(low + (c * kBlock + 2 * v), split(even.low).high, split(odd.low).high);
    }
  }
}

// The first lanes of a block in memory; all of them, or as many as the last output block has.
template <bool kWhole>
KEEL_INLINE Block load_lanes(const float* p, int lanes) {
  if constexpr (kWhole) return load_block(p);
  alignas(64) float memory[kBlock] = {};
  for (int i = 0; i < lanes; i++) memory[i] = p[i];
  return load_block(memory);
}
template <bool kWhole>
KEEL_INLINE void store_lanes(float* p, const Block& x, int lanes) {
  if constexpr (kWhole) return store_block(p, x);
  alignas(64) float memory[kBlock];
  store_block(memory, x);
  for (int i = 0; i < lanes; i++) p[i] = memory[i];
}

// y = act(sum + bias + residual) for the pixels of a run in one block. Returns whether a sum is
// NaN.
template <bool kWhole>
KEEL_INLINE bool leave_run(const Bf16TileArgs& a, const Bf16Run& run, int block,
                           const float* sums) {
  const std::ptrdiff_t at = block * a.y_block + run.y;
  const float* residual = a.residual != nullptr ? a.residual + at : nullptr;
  float* y = a.y + at;
  sums += (block * kPixels + run.pixel) * kBlock;
  Block bias = {};
  if (a.bias != nullptr) bias = load_lanes<kWhole>(a.bias + block * kBlock, a.last_lanes);
  Mask nan = is_nan(zero());
  for (std::int64_t q = 0; q < run.count; q++, sums += kBlock, y += a.y_pixel) {
    Block sum = load_block(sums);
    KEEL_UNROLL for (int v = 0; v < kVecsPerBlock; v++) {
      nan = nan | is_nan(sum.v[v]);
      sum.v[v] += bias.v[v];
    }
    if (residual != nullptr) {
      const Block other = load_lanes<kWhole>(residual + q * a.y_pixel, a.last_lanes);
      KEEL_UNROLL for (int v = 0; v < kVecsPerBlock; v++) sum.v[v] += other.v[v];
    }
    apply(a.activation, sum.v);
    store_lanes<kWhole>(y, sum, a.last_lanes);
  }
  return any(nan);
}

// sum += x w of one pair of channels for 16 outputs, the parts put together.
KEEL_INLINE void add_whole_pair(const std::uint16_t* x, const std::uint16_t* x_low,
                                const std::uint16_t* w, const std::uint16_t* w_low, Block* sum) {
  const auto whole = [](std::uint16_t high, std::uint16_t low) {
    return set1(bfloat16_to_float(high) + bfloat16_to_float(low));
  };
  const Vec even = whole(x[0], x_low[0]), odd = whole(x[1], x_low[1]);
  const IVec upper = iset1(static_cast<std::int32_t>(0xffff0000u));
  KEEL_UNROLL for (int v = 0; v < kVecsPerBlock; v++) {
    const IVec high = iload(reinterpret_cast<const std::int32_t*>(w) + v * kWidth);
    const IVec low = iload(reinterpret_cast<const std::int32_t*>(w_low) + v * kWidth);
    const Vec w_even = bitcast(shift_left<16>(high)) + bitcast(shift_left<16>(low));
    const Vec w_odd = bitcast(high & upper) + bitcast(low & upper);
    sum->v[v] = fma(odd, w_odd, fma(even, w_even, sum->v[v]));
  }
}

// Of an infinite x and a w without a lower part, the term xh wl is NaN. So sums that are NaN are
// made again of whole operands, and come out as sums of floats would: infinite, or NaN.
KEEL_NOINLINE void repair_nan(const Bf16TileArgs& a, const Bf16Run& run, int block, float* sums) {
  const std::ptrdiff_t part = a.output_blocks * kBf16OutputBlock;
  for (std::int64_t q = run.pixel; q < run.pixel + run.count; q++) {
    float* at = sums + (block * kPixels + q) * kBlock;
    const std::uint16_t* w = a.w + block * kBf16OutputBlock;
    Block whole = {};
    for (std::int64_t i = 0; i < a.blocks; i++) {
      for (const std::ptrdiff_t* tap = a.taps; tap != a.taps_end; tap++, w += 2 * part) {
        const std::uint16_t* x = a.x + q * kBf16Channels + i * a.x_block + *tap;
        for (int p = 0; p < kBf16Channels; p += 2)
          add_whole_pair(x + p, x + a.x_part + p, w + p * kBlock, w + part + p * kBlock, &whole);
      }
    }
    Block sum = load_block(at);
    KEEL_UNROLL for (int v = 0; v < kVecsPerBlock; v++) {
      sum.v[v] = select(is_nan(sum.v[v]), whole.v[v], sum.v[v]);
    }
    store_block(at, sum);
  }
}

template <bool kWhole>
KEEL_NOINLINE void leave_block(const Bf16TileArgs& a, int block, float* sums) {
  for (const Bf16Run* run = a.runs; run != a.runs_end; run++) {
    if (!leave_run<kWhole>(a, *run, block, sums) || !a.three_terms) continue;
    repair_nan(a, *run, block, sums);
    leave_run<kWhole>(a, *run, block, sums);
  }
}

// The residual comes into L1 while the sums are made: it is read all at once, and mostly from afar.
KEEL_INLINE void fetch_residual(const Bf16TileArgs& a) {
  for (int n = 0; n < a.output_blocks; n++) {
    for (const Bf16Run* run = a.runs; run != a.runs_end; run++) {
      const float* line = a.residual + n * a.y_block + run->y;
      for (std::int64_t q = 0; q < run->count; q++) KEEL_PREFETCH_L1(line + q * a.y_pixel);
    }
  }
}

void tile(const Bf16TileArgs& a) {
  alignas(64) float sums[kBf16Panel * kPixels * kBlock];
  if (a.residual != nullptr) fetch_residual(a);
  if (products(a, sums)) return;
  for (int n = 0; n < a.output_blocks; n++) {
    const bool whole = n + 1 < a.output_blocks || a.last_lanes == kBlock;
    whole ? leave_block<true>(a, n, sums) : leave_block<false>(a, n, sums);
  }
}

void begin() { begin_tiles(); }
void end() { end_tiles(); }

}  // namespace

extern const Bf16Kernels bf16_kernels;
const Bf16Kernels bf16_kernels = {
    kUnit, kPixels, kGranule, kChannelGranule, kOneTerm, kThreeTerms, begin, end, tile, stage, pack,
};

#else

extern const Bf16Kernels bf16_kernels;
const Bf16Kernels bf16_kernels = {};

#endif

}  // namespace keel::simd::KEEL_TARGET
