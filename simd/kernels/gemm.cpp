// Products of matrices in chunks, which tiles of gemm_tile.h fill.
//
// Loops of a chunk: blocks of k (kDepth) / strips of A packed / panels of B / tiles. A panel of
// kDepth x kPanel floats and one strip of A (kRows x kDepth) share L1; the strips of a chunk stay
// in L2. Between blocks of k the sums rest in C. Few rows take several panels at once instead, to
// have enough independent sums.
#include "simd/gemm.h"

#include "simd/attention_float.h"
#include "simd/elementwise.h"
#include "simd/gemm_dot.h"
#include "simd/gemm_tile.h"

namespace keel::simd::KEEL_TARGET {

extern const ElementwiseKernels elementwise_kernels;

namespace {

constexpr std::int64_t kChunkRows = 10 * kRows;

KEEL_INLINE std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

// Chunks are `rows` x `columns`; columns is a multiple of kPanel.
struct Split {
  std::int64_t row_chunks, column_chunks, columns;
};
KEEL_INLINE Split split(std::int64_t m, std::int64_t n) {
  Split s;
  s.row_chunks = ceil_div(m, kChunkRows);
  // Wide chunks pack A seldom; but there should be enough of them to keep threads busy.
  constexpr std::int64_t kEnough = 12;
  s.columns = 256;
  if (m < 4 * kRows || s.row_chunks * ceil_div(n, s.columns) < kEnough) s.columns = 128;
  s.column_chunks = ceil_div(n, s.columns);
  return s;
}

// Part `i` of n items cut into `parts` runs of nearly equal length.
KEEL_INLINE std::int64_t part_begin(std::int64_t n, std::int64_t parts, std::int64_t i) {
  return n * i / parts;
}

// Rows [row, row + rows), depth [k, k + depth) of A into a strip.
void pack_a(const GemmArgs& g, std::int64_t row, std::int64_t rows, std::int64_t k,
            std::int64_t depth, float* strip) {
  for (std::int64_t r = 0; r < rows; r++) {
    const float* from = g.a + (row + r) * g.a_row + k * g.a_column;
    float* to = strip + r * kStrip;
    if (g.a_column == 1) {
      std::int64_t p = 0;
      for (; p + kWidth <= depth; p += kWidth) store(to + p, load(from + p));
      for (; p < depth; p++) to[p] = from[p];
    } else {
      for (std::int64_t p = 0; p < depth; p++) to[p] = from[p * g.a_column];
    }
  }
}

// alpha * C + beta * addend + residual over n columns of one row; null: none.
void finish_row(float* c, const float* addend, bool addend_varies, const float* residual,
                std::int64_t n, float alpha, float beta) {
  const Vec scale = set1(alpha), addend_scale = set1(beta);
  const Vec fixed = addend && !addend_varies ? set1(*addend) * addend_scale : zero();
  for (std::int64_t j = 0; j < n; j += kWidth) {
    const std::int64_t left = smaller(n - j, kWidth);
    const auto at = [=](const float* p) {
      return left == kWidth ? load(p + j) : load_partial(p + j, left);
    };
    const Vec sum = addend && addend_varies ? at(addend) * addend_scale : fixed;
    Vec v = fma(at(c), scale, sum);
    if (residual) v += at(residual);
    left == kWidth ? store(c + j, v) : store_partial(c + j, v, left);
  }
}

// The epilogue on rows x n elements of C at (row, column).
void finish(const GemmArgs& g, std::int64_t row, std::int64_t rows, std::int64_t column,
            std::int64_t n) {
  const bool sums = g.alpha != 1.0f || g.addend || g.residual;
  const bool activates = g.activation.kind != ActivationKind::None;
  for (std::int64_t r = row; r < row + rows && (sums || activates); r++) {
    float* c = g.c + r * g.c_row + column;
    const float* addend =
        g.addend ? g.addend + r * g.addend_row + column * g.addend_column : nullptr;
    const float* residual = g.residual ? g.residual + r * g.residual_row + column : nullptr;
    if (sums) finish_row(c, addend, g.addend_column != 0, residual, n, g.alpha, g.beta);
    if (activates) elementwise_kernels.activate(g.activation, c, c, n);
  }
}

// What a chunk works on.
struct Chunk {
  std::int64_t row, rows, column, columns;
};
KEEL_INLINE Chunk chunk_at(const GemmArgs& g, std::int64_t index) {
  const Split s = split(g.m, g.n);
  const std::int64_t i = index / s.column_chunks, j = index % s.column_chunks;
  Chunk c;
  c.row = part_begin(g.m, s.row_chunks, i);
  c.rows = part_begin(g.m, s.row_chunks, i + 1) - c.row;
  c.column = j * s.columns;
  c.columns = smaller(s.columns, g.n - c.column);
  return c;
}

// The last columns of B, unpacked, as a panel of `depth` rows.
void pack_edge(const GemmArgs& g, std::int64_t k, std::int64_t depth, std::int64_t column,
               float* panel) {
  const std::int64_t n = g.n - column;
  for (std::int64_t p = 0; p < depth; p++) {
    const float* from = g.b + (k + p) * g.b_row + column;
    float* to = panel + p * kPanel;
    for (std::int64_t j = 0; j < kPanel; j++) to[j] = j < n ? from[j] : 0.0f;
  }
}

// Scratch: packed strips of A, one panel of B, one tile of C.
constexpr std::int64_t kTileFloats = kRows * kPanel;

// One block of k for one chunk. `strips`: A packed, `count` of them, rows spread evenly.
struct Step {
  std::int64_t k, depth;
  std::int64_t strips;
  float* strip;  // strip i at strip + i * kStripFloats
  float* edge_b;
  float* edge_c;
};

// One panel, all strips; C goes through edge_c where the panel is not whole.
void edge_panel(const GemmArgs& g, const Chunk& c, const Step& s, const Tile& base,
                std::int64_t column) {
  const std::int64_t n = smaller(g.n - column, kPanel);
  for (std::int64_t i = 0; i < s.strips; i++) {
    const std::int64_t first = part_begin(c.rows, s.strips, i);
    const std::int64_t rows = part_begin(c.rows, s.strips, i + 1) - first;
    Tile t = base;
    t.a = s.strip + i * kStripFloats;
    t.c = s.edge_c, t.c_row = kPanel, t.add = false;
    run_edge_tile(t, static_cast<int>(rows), n);
    for (std::int64_t r = 0; r < rows; r++) {
      float* to = g.c + (c.row + first + r) * g.c_row + column;
      const float* from = s.edge_c + r * kPanel;
      for (std::int64_t j = 0; j < n; j++) to[j] = base.add ? to[j] + from[j] : from[j];
    }
  }
}

void multiply(const GemmArgs& g, const Chunk& c, const Step& s) {
  const bool packed = g.b_row == 0;
  Tile t;
  t.depth = s.depth;
  t.b_depth = packed ? kPanel : g.b_row;
  t.b_panel = packed ? g.k * kPanel : kPanel;
  t.c_row = g.c_row;
  t.add = s.k > 0;
  const int most = static_cast<int>(ceil_div(c.rows, s.strips));
  // Several strips are never that short: where panels are joined, there is one strip.
  const std::int64_t at_once = s.strips > 1 ? 1 : panels_at_once(most);
  for (std::int64_t column = c.column; column < c.column + c.columns;) {
    const std::int64_t left = c.column + c.columns - column;
    t.b =
        packed ? g.b + column / kPanel * g.k * kPanel + s.k * kPanel : g.b + s.k * g.b_row + column;
    if (left < kPanel) {
      if (!packed) {
        pack_edge(g, s.k, s.depth, column, s.edge_b);
        t.b = s.edge_b, t.b_depth = kPanel;
      }
      edge_panel(g, c, s, t, column);
      break;
    }
    const bool several = at_once > 1 && left >= at_once * kPanel;
    for (std::int64_t i = 0; i < s.strips; i++) {
      const std::int64_t first = part_begin(c.rows, s.strips, i);
      t.a = s.strip + i * kStripFloats;
      t.c = g.c + (c.row + first) * g.c_row + column;
      run_tile(t, static_cast<int>(part_begin(c.rows, s.strips, i + 1) - first), several);
    }
    column += (several ? at_once : 1) * kPanel;
  }
}

void multiply_blocks(const GemmArgs& g, const Chunk& c, float* scratch) {
  Step s;
  s.strips = ceil_div(c.rows, kRows);
  s.strip = scratch;
  s.edge_b = scratch + kChunkRows / kRows * kStripFloats;
  s.edge_c = s.edge_b + kDepth * kPanel;
  if (g.k == 0) {
    for (std::int64_t r = c.row; r < c.row + c.rows; r++) {
      for (std::int64_t j = c.column; j < c.column + c.columns; j++) g.c[r * g.c_row + j] = 0.0f;
    }
  }
  const std::int64_t blocks = ceil_div(g.k, kDepth);
  for (std::int64_t b = 0; b < blocks; b++) {
    s.k = part_begin(g.k, blocks, b);
    s.depth = part_begin(g.k, blocks, b + 1) - s.k;
    for (std::int64_t i = 0; i < s.strips; i++) {
      const std::int64_t first = part_begin(c.rows, s.strips, i);
      const std::int64_t rows = part_begin(c.rows, s.strips, i + 1) - first;
      pack_a(g, c.row + first, rows, s.k, s.depth, s.strip + i * kStripFloats);
    }
    multiply(g, c, s);
  }
}

void run(const GemmArgs& g, std::int64_t chunk, float* scratch) {
  const Chunk c = chunk_at(g, chunk);
  if (g.narrow_b != nullptr) {
    const std::int64_t end = c.column + c.columns;
    g.narrow_bits == 16 ? dot_products<16>(g, c.row, c.rows, c.column, end)
                        : dot_products<20>(g, c.row, c.rows, c.column, end);
  } else if (g.b_column > 0) {
    dot_products<32>(g, c.row, c.rows, c.column, c.column + c.columns);
  } else {
    multiply_blocks(g, c, scratch);
  }
  finish(g, c.row, c.rows, c.column, c.columns);
}

std::int64_t chunks(std::int64_t m, std::int64_t n, std::int64_t) {
  const Split s = split(m, n);
  return s.row_chunks * s.column_chunks;
}

std::int64_t scratch_size(std::int64_t, std::int64_t, std::int64_t) {
  return kChunkRows / kRows * kStripFloats + kDepth * kPanel + kTileFloats;
}

std::int64_t packed_b_size(std::int64_t k, std::int64_t n) {
  return ceil_div(n, kPanel) * kPanel * k;
}

// One panel of `n` (at most kPanel) columns.
void pack_panel(const float* b, std::int64_t row, std::int64_t column, std::int64_t k,
                std::int64_t n, float* to) {
  std::int64_t p = 0;
  if (column == 1 && n == kPanel) {
    for (; p < k; p++) {
      KEEL_PREFETCH_L2(b + p * row + kNextHead);
      KEEL_PREFETCH_L2(b + p * row + kNextHead + 16);
      store(to + p * kPanel, load(b + p * row));
      store(to + p * kPanel + kWidth, load(b + p * row + kWidth));
    }
  } else if (row == 1) {
    for (; p + kWidth <= k; p += kWidth) {
      for (int half = 0; half < 2; half++) {
        Vec rows[kWidth];
        const std::int64_t left = n - half * kWidth;
        const float* from = b + half * kWidth * column + p;
        KEEL_UNROLL for (int j = 0; j < kWidth; j++) {
          rows[j] = j < left ? load(from + j * column) : zero();
          KEEL_PREFETCH_L2(from + j * column + kNextHead);
        }
        transpose(rows);
        float* at = to + p * kPanel + half * kWidth;
        KEEL_UNROLL for (int j = 0; j < kWidth; j++) store(at + j * kPanel, rows[j]);
      }
    }
  }
  for (; p < k; p++) {
    for (std::int64_t j = 0; j < kPanel; j++) {
      to[p * kPanel + j] = j < n ? b[p * row + j * column] : 0.0f;
    }
  }
}

void pack_b(const float* b, std::int64_t row, std::int64_t column, std::int64_t k, std::int64_t n,
            std::int64_t begin, std::int64_t end, float* packed) {
  for (std::int64_t i = begin; i < end; i++) {
    const std::int64_t left = n - i * kPanel;
    pack_panel(b + i * kPanel * column, row, column, k, smaller(left, kPanel),
               packed + i * kPanel * k);
  }
}

std::int64_t narrow_b_size(std::int64_t k, std::int64_t n, int bits) {
  const std::int64_t columns = ceil_div(n, kNarrowColumns) * kNarrowColumns;
  return bits == 16 ? Narrow<16>::block_of(k, columns) : Narrow<20>::block_of(k, columns);
}

bool pack_narrow(const float* b, std::int64_t row, std::int64_t column, std::int64_t k,
                 std::int64_t begin, std::int64_t end, int bits, std::int32_t* packed) {
  return bits == 16 ? narrow_columns<16>(b, row, column, k, begin, end, packed)
                    : narrow_columns<20>(b, row, column, k, begin, end, packed);
}

std::int64_t attention_scratch(std::int64_t depth, std::int64_t keys) {
  return attention_scratch_of(depth, keys);
}

void attend(const AttentionArgs& args, float* scratch) { attend_all<FloatProducts>(args, scratch); }

}  // namespace

extern const GemmKernels gemm_kernels;
const GemmKernels gemm_kernels = {kPanel,        packed_b_size,     pack_b, kNarrowColumns,
                                  narrow_b_size, pack_narrow,       chunks, scratch_size,
                                  run,           attention_scratch, attend};

}  // namespace keel::simd::KEEL_TARGET
