// Dense convolution, the inner loop: Pixels x Blocks accumulators of 16 channels stay in registers
// while each step of the reduction broadcasts one input value per pixel against one row of weights.
//
//   acc[q][n] += w[block][tap][c][n] * x[block][pixel q at the tap][c]
//
// Half of a vector of 16 is computed at twice the speed, where the last channel block has no more.
//
// On 32 registers of 16 floats: 14 x 2 accumulators, 2 weights, 1 broadcast; on 16 registers of 8
// floats 6 x 2; on 16 of 4 floats (product and sum apart) 2 x 4.
#include "simd/conv_tile.h"

#include "simd/epilogue.h"
#include "simd/kernel.h"
#include "simd/vec_low.h"

namespace keel::simd::KEEL_TARGET {
namespace {

constexpr int kPixels = kWidth == 16 ? 14 : kWidth == 8 ? 6 : 2;
constexpr int kPanelBlocks = kWidth == 16 ? 2 : 1;

// What the loop below prefetches, a line of each a step: weights into L2; outputs, or what is read
// next, into L1.
struct Ahead {
  const float* line;
  std::ptrdiff_t step;
  const float* near;
  std::ptrdiff_t near_step;
};

// The weights of a step, as they lie in memory.
struct Weights {
  const float* w;
  KEEL_INLINE_METHOD Vec at(int i) const { return load_aligned(w + i); }
  KEEL_INLINE_METHOD void advance(int floats) { w += floats; }
};
// Differences of weights, kept as they are made. The subtractions and stores cost nothing beside
// the multiply-adds, which have ports of their own.
struct WeightDifferences {
  const float* w;
  const float* less;
  float* kept;
  KEEL_INLINE_METHOD Vec at(int i) const {
    const Vec difference = load_aligned(w + i) - load_aligned(less + i);
    store_aligned(kept + i, difference);
    return difference;
  }
  KEEL_INLINE_METHOD void advance(int floats) { w += floats, less += floats, kept += floats; }
};

// Pixels [First, Last) of a tile over `rows` channels. The pixels lie 16 * Stride floats apart.
// Half: the last vector of a row of weights has nothing in its upper half.
template <int First, int Last, int Stride, bool Half, int Pixels, int Vecs, typename W>
KEEL_INLINE void accumulate(const float* x, W w, std::int64_t rows, Ahead& ahead,
                            Vec (&acc)[Pixels][Vecs]) {
  for (std::int64_t c = 0; c < rows; c++) {
    KEEL_PREFETCH_L2(ahead.line);
    ahead.line += ahead.step;
    KEEL_PREFETCH_L1(ahead.near);
    ahead.near += ahead.near_step;
    Vec weights[Vecs];
    KEEL_UNROLL for (int n = 0; n < Vecs; n++) weights[n] = w.at(n * kWidth);
    KEEL_UNROLL for (int q = First; q < Last; q++) {
      const float* at = x + q * Stride * kBlock + c;
      const Vec value = Half && Vecs == 1 ? broadcast_low(at) : broadcast(at);
      KEEL_UNROLL for (int n = 0; n < Vecs; n++) {
        acc[q][n] = Half && n == Vecs - 1 ? fma_low(weights[n], value, acc[q][n])
                                          : fma(weights[n], value, acc[q][n]);
      }
    }
    w.advance(Vecs * kWidth);
  }
}

// The tile's pixels for one tap, zeros where they lie outside, in the places the loop above reads.
template <int Stride, int Pixels>
KEEL_INLINE void copy_pixels(const float* x, std::ptrdiff_t pixel, const ConvTap& tap,
                             float* copy) {
  for (int q = 0; q < Pixels; q++, x += pixel, copy += Stride * kBlock) {
    const bool inside = q >= tap.left && q < Pixels - tap.right;
    for (int v = 0; v < kBlock; v += kWidth) {
      store_aligned(copy + v, inside ? load(x + v) : zero());
    }
  }
}

// y[p] = act(y[p] + bias + residual[p]), see conv_tile.h.
void finish(float* y, const float* bias, const float* residual, std::int64_t pixels,
            std::ptrdiff_t pixel, const Activation& activation) {
  for (std::int64_t p = 0; p < pixels; p++, y += pixel) {
    Block sum = load_block(y);
    KEEL_UNROLL for (int v = 0; v < kVecsPerBlock; v++) {
      if (bias) sum.v[v] += load(bias + v * kWidth);
      if (residual) sum.v[v] += load(residual + p * pixel + v * kWidth);
    }
    apply(activation, sum.v);
    store_block(y, sum);
  }
}

template <int Pixels, int Vecs>
KEEL_INLINE void store_tile(const ConvTileArgs& a, Vec (&acc)[Pixels][Vecs]) {
  if (a.residual) {
    KEEL_UNROLL for (int n = 0; n < Vecs; n++) {
      const float* from = a.residual + n / kVecsPerBlock * a.y_block + n % kVecsPerBlock * kWidth;
      KEEL_UNROLL for (int q = 0; q < Pixels; q++) {
        acc[q][n] += load(from);
        from += a.y_pixel;
      }
    }
  }
  const bool done = apply_in_registers(a.activation, acc), dense = a.y_pixel == kBlock;
  if (!done && !dense) apply_in_memory(a.activation, acc);
  KEEL_UNROLL for (int n = 0; n < Vecs; n++) {
    float* to = a.y + n / kVecsPerBlock * a.y_block + n % kVecsPerBlock * kWidth;
    KEEL_UNROLL for (int q = 0; q < Pixels; q++) {
      store(to, acc[q][n]);
      to += a.y_pixel;
    }
  }
  for (int b = 0; !done && dense && b < Vecs / kVecsPerBlock; b++)
    activate_vectors(a.activation, a.y + b * a.y_block, Pixels * kVecsPerBlock);
}

// Outputs and residuals far from L1 come while the tile is computed: a run of pixels of one channel
// block for every block of the reduction, as more at once would hold up the loads behind them. A
// reduction of few blocks fetches what is left over before it begins.
template <int Pixels, int Blocks>
struct OutputFetch {
  const float* run[2 * Blocks];
  int runs, next;
};
template <int Pixels, int Blocks>
KEEL_INLINE void plan_fetch(const ConvTileArgs& a, OutputFetch<Pixels, Blocks>& fetch) {
  fetch.runs = fetch.next = 0;
  if (!a.far_outputs) return;
  KEEL_UNROLL for (int b = 0; b < Blocks; b++) fetch.run[fetch.runs++] = a.y + b * a.y_block;
  if (a.residual) {
    KEEL_UNROLL for (int b = 0; b < Blocks; b++) {
      fetch.run[fetch.runs++] = a.residual + b * a.y_block;
    }
  }
  const std::int64_t blocks = a.channels / kBlock * (a.taps_end - a.taps);
  while (fetch.runs > blocks) {
    const float* line = fetch.run[--fetch.runs];
    KEEL_UNROLL for (int q = 0; q < Pixels; q++) { __builtin_prefetch(line + q * a.y_pixel, 1, 3); }
  }
}
template <int Pixels, int Blocks>
KEEL_INLINE void fetch_next(const ConvTileArgs& a, OutputFetch<Pixels, Blocks>& fetch,
                            const float* input, std::ptrdiff_t input_step, Ahead& ahead) {
  const bool more = fetch.next < fetch.runs;
  ahead.near = more ? fetch.run[fetch.next++] : input;
  ahead.near_step = more ? a.y_pixel : input_step;
}

template <int Pixels, int Vecs>
KEEL_INLINE void add_partial(const float* partial, Vec (&acc)[Pixels][Vecs]) {
  if (partial == nullptr) return;
  KEEL_UNROLL for (int n = 0; n < Vecs; n++) {
    const float* from = partial + n / kVecsPerBlock * Pixels * kBlock + n % kVecsPerBlock * kWidth;
    KEEL_UNROLL for (int q = 0; q < Pixels; q++) acc[q][n] += load_aligned(from + q * kBlock);
  }
}

template <int Pixels, int Blocks, int Stride, bool Half>
KEEL_NOINLINE void tile(const ConvTileArgs& a) {
  constexpr int kVecs = Blocks * kVecsPerBlock;
  alignas(64) float copy[Pixels * Stride * kBlock];
  Vec acc[Pixels][kVecs];
  KEEL_UNROLL for (int n = 0; n < kVecs; n++) {
    const Vec start = a.bias ? load(a.bias + n * kWidth) : zero();
    KEEL_UNROLL for (int q = 0; q < Pixels; q++) acc[q][n] = start;
  }
  for (const float* partial : a.partial) add_partial(partial, acc);
  OutputFetch<Pixels, Blocks> fetch;
  plan_fetch(a, fetch);
  Ahead ahead = {a.ahead, a.ahead_step, a.x, 0};
  const float* x = a.x;
  const float* w = a.w;
  std::int64_t lane = a.first_lane;
  for (std::int64_t left = a.channels; left > 0; lane = 0, x += a.x_block) {
    const std::int64_t rows = kBlock - lane < left ? kBlock - lane : left;
    const std::ptrdiff_t tap_floats = rows * Blocks * kBlock;
    left -= rows;
    for (const ConvTap* tap = a.taps; tap != a.taps_end; tap++) {
      const float* from = x + tap->x + lane;
      const float* weights = w + tap->w * tap_floats;
      // The pixels of the next channel block, which lie far from these; or of the next tile.
      const float* next = left > 0 ? from + a.x_block : a.x + Pixels * Stride * kBlock;
      fetch_next(a, fetch, next, Stride * kBlock, ahead);
      if (tap->edge == TapEdge::First) {
        accumulate<1, Pixels, Stride, Half>(from, Weights{weights}, rows, ahead, acc);
      } else if (tap->edge == TapEdge::Last) {
        accumulate<0, Pixels - 1, Stride, Half>(from, Weights{weights}, rows, ahead, acc);
      } else if (Stride == 1 && !Half && a.less != nullptr) {
        const std::ptrdiff_t at = weights - a.w;
        accumulate<0, Pixels, Stride, Half>(
            from, WeightDifferences{weights, a.less + at, a.kept + at}, rows, ahead, acc);
      } else {
        if (tap->edge == TapEdge::Copied) {
          copy_pixels<Stride, Pixels>(from - lane, a.x_pixel, *tap, copy);
          from = copy + lane;
        }
        accumulate<0, Pixels, Stride, Half>(from, Weights{weights}, rows, ahead, acc);
      }
    }
    w += a.kernel_taps * tap_floats;
  }
  store_tile(a, acc);
}

template <int Pixels, int Blocks, int Stride, bool Half>
constexpr ConvTile offered() {
  if constexpr (Pixels <= kPixels && Blocks <= kPanelBlocks && (!Half || kWidth == 16)) {
    return tile<Pixels, Blocks, Stride, Half>;
  } else {
    return nullptr;
  }
}

#define KEEL_TILES(Blocks, Stride, Half)                                             \
  {                                                                                  \
    nullptr, offered<1, Blocks, Stride, Half>(), offered<2, Blocks, Stride, Half>(), \
        offered<3, Blocks, Stride, Half>(), offered<4, Blocks, Stride, Half>(),      \
        offered<5, Blocks, Stride, Half>(), offered<6, Blocks, Stride, Half>(),      \
        offered<7, Blocks, Stride, Half>(), offered<8, Blocks, Stride, Half>(),      \
        offered<9, Blocks, Stride, Half>(), offered<10, Blocks, Stride, Half>(),     \
        offered<11, Blocks, Stride, Half>(), offered<12, Blocks, Stride, Half>(),    \
        offered<13, Blocks, Stride, Half>(), offered<14, Blocks, Stride, Half>()     \
  }

}  // namespace

extern const ConvTileKernels conv_tile_kernels;
const ConvTileKernels conv_tile_kernels = {
    kPixels,
    kPanelBlocks,
    {{KEEL_TILES(1, 1, false), KEEL_TILES(2, 1, false)},
     {KEEL_TILES(1, 2, false), KEEL_TILES(2, 2, false)}},
    {KEEL_TILES(1, 1, true), KEEL_TILES(2, 1, true)},
    finish,
};

}  // namespace keel::simd::KEEL_TARGET
