// Convolution of a plain NCHW input of few channels. Tiles whose columns all lie inside read x
// where it is; the others, and those of a stride beyond 2, from a copy of what they need.
//
// Packed weights: [panel][channel][kernel rows][kernel column][16 * panel blocks].
#include "simd/conv_stem.h"

#include <algorithm>

#include "simd/conv_algorithm.h"
#include "simd/conv_geometry.h"

namespace keel::simd {
namespace {

class StemConv : public ConvAlgorithm {
 public:
  StemConv(const ConvShape& shape, const ConvStemKernels& kernels, int threads);
  void pack(const float* W, float* packed) const override;
  void run(int phase, std::int64_t chunk, const ConvArgs& args) const override;
  void summarize(ConvPlan* plan) const;

 private:
  void run_row(std::int64_t image, std::int64_t row, const ConvArgs& args) const;
  StemRow* rows_inside(const ConvRun& run, StemRow* rows) const;
  StemRow* copy_columns(std::int64_t begin, std::int64_t end, const float* x, const StemRow* rows,
                        const StemRow* rows_end, StemRow* copied, float* copy) const;
  StemRow* gather_columns(std::int64_t begin, const float* x, const StemRow* rows,
                          const StemRow* rows_end, StemRow* copied, float* copy) const;
  void fetch_below(const float* x, std::int64_t columns, const StemRow* rows,
                   const StemRow* rows_end) const;
  void run_panels(std::int64_t image, const ConvRun& run, const ConvArgs& args,
                  StemTileArgs* a) const;
  std::int64_t panel_width() const { return kernels_.panel_blocks * kConvBlock; }
  std::int64_t kernel_rows() const { return shape_.c * shape_.kernel[0] * shape_.kernel[1]; }
  // Columns from the first that a kernel row reads to behind the last.
  std::int64_t reach() const { return (shape_.kernel[2] - 1) * shape_.dilation[2] + 1; }
  std::int64_t list_bytes() const {
    return ceil_div(2 * kernel_rows() * static_cast<std::int64_t>(sizeof(StemRow)), 64) * 64;
  }

  ConvShape shape_;
  const ConvStemKernels& kernels_;
  ConvLattice lattice_;
  int width_;  // index of the tile: the longest that a row fills
  std::int64_t chunks_;
  double flops_;
};

StemConv::StemConv(const ConvShape& shape, const ConvStemKernels& kernels, int threads)
    : shape_(shape), kernels_(kernels), lattice_(conv_lattices(shape)[0]), width_(0) {
  while (kernels_.pixels[width_] > shape_.out[2]) width_++;
  flops_ = 2.0 * static_cast<double>(shape.n * product(shape.out) * shape.k) *
           static_cast<double>(shape.c * product(shape.kernel));
  chunks_ = conv_chunks(shape.n * lattice_.rows(), flops_, threads);
}

void StemConv::summarize(ConvPlan* plan) const {
  const std::int64_t pixels = kernels_.pixels[width_];
  plan->kernel = "stem " + std::to_string(pixels) + "x" + std::to_string(panel_width());
  plan->packing = "stem " + std::to_string(panel_width());
  plan->flops = flops_;
  plan->row_step = shape_.out[0] == 1 ? 1 : 0;
  plan->packed_floats =
      ceil_div(shape_.k, kConvBlock) * kConvBlock * kernel_rows() * shape_.kernel[2];
  // Either form of copied columns.
  const std::int64_t columns =
      shape_.stride[2] > 2 ? pixels * shape_.kernel[2] : (pixels - 1) * shape_.stride[2] + reach();
  plan->thread_scratch = static_cast<std::size_t>(list_bytes() + 4 * kernel_rows() * columns);
  plan->phases = {chunks_};
}

void StemConv::pack(const float* W, float* packed) const {
  const std::int64_t steps = kernel_rows() * shape_.kernel[2];
  const std::int64_t blocked = ceil_div(shape_.k, kConvBlock) * kConvBlock;
  for (std::int64_t k = 0; k < blocked; k += panel_width()) {
    const std::int64_t columns = std::min(panel_width(), blocked - k);
    for (std::int64_t step = 0; step < steps; step++) {
      for (std::int64_t i = k; i < k + columns; i++) {
        *packed++ = i < shape_.k ? W[i * steps + step] : 0.0f;
      }
    }
  }
}

void StemConv::run(int, std::int64_t chunk, const ConvArgs& args) const {
  const std::int64_t rows = lattice_.rows(), all = shape_.n * rows;
  for (std::int64_t i = chunk * all / chunks_; i < (chunk + 1) * all / chunks_; i++) {
    if (i >= args.done) run_row(i / rows, i % rows, args);
  }
}

void StemConv::run_row(std::int64_t image, std::int64_t row, const ConvArgs& args) const {
  const std::int64_t pixels = kernels_.pixels[width_], width = shape_.out[2];
  const std::int64_t stride = shape_.stride[2];
  ConvRun run = {row / shape_.out[1], row % shape_.out[1], 0, pixels};
  auto* rows = static_cast<StemRow*>(args.thread_scratch);
  const ConvRun source = {run.outer, run.row + args.row, 0, pixels};
  StemRow* const rows_end = rows_inside(source, rows);
  StemRow* const copied = rows + kernel_rows();  // the same rows in `copy`
  float* copy = reinterpret_cast<float*>(static_cast<char*>(args.thread_scratch) + list_bytes());
  const float* x = args.x + image * shape_.x_image + conv_x_position(lattice_, source);
  StemTileArgs a = {};
  a.columns = shape_.kernel[2];
  a.y_block = product(shape_.out) * kConvBlock;
  a.activation = shape_.activation;
  for (std::int64_t first = 0; first < width; first += pixels) {
    // The last tile may take pixels of the one before again.
    run.first = std::min(first, width - pixels);
    const std::int64_t begin = run.first * stride - shape_.pad[2];
    const std::int64_t end = begin + (pixels - 1) * stride + reach();
    if (stride > 2) {
      a.x = copy;
      a.rows = copied;
      a.rows_end = gather_columns(begin, x, rows, rows_end, copied, copy);
      a.column = pixels;
    } else if (begin < 0 || end > shape_.in[2]) {
      a.x = copy;
      a.rows = copied;
      a.rows_end = copy_columns(begin, end, x, rows, rows_end, copied, copy);
      a.column = shape_.dilation[2];
    } else {
      a.x = x + begin;
      a.rows = rows;
      a.rows_end = rows_end;
      a.column = shape_.dilation[2];
    }
    fetch_below(x + begin, end - begin, rows, rows_end);
    run_panels(image, run, args, &a);
  }
}

// Columns of the rows that the same tile of the next output row reads. What lies between them and
// these hides from the CPU's own prefetching that they come next.
void StemConv::fetch_below(const float* x, std::int64_t columns, const StemRow* rows,
                           const StemRow* rows_end) const {
  constexpr std::int64_t kLine = 64 / sizeof(float);
  x += shape_.stride[1] * shape_.in[2];
  for (; rows != rows_end; rows++) {
    for (std::int64_t i = 0; i < columns; i += kLine) __builtin_prefetch(x + rows->x + i);
  }
}

// The kernel rows of all channels that lie in the input; offsets from column 0 of the row that tap
// offset 0 reads.
StemRow* StemConv::rows_inside(const ConvRun& run, StemRow* rows) const {
  const TapRange range0 = taps_inside(lattice_.axis[0], run.outer);
  const TapRange range1 = taps_inside(lattice_.axis[1], run.row);
  for (std::int64_t c = 0; c < shape_.c; c++) {
    for (std::int64_t i = range0.begin; i < range0.end; i++) {
      for (std::int64_t j = range1.begin; j < range1.end; j++) {
        const std::int64_t plane = c * shape_.in[0] + lattice_.axis[0].taps[i].offset;
        const std::int64_t line = plane * shape_.in[1] + lattice_.axis[1].taps[j].offset;
        rows->x = line * shape_.in[2];
        rows->w = (c * shape_.kernel[0] + i) * shape_.kernel[1] + j;
        rows++;
      }
    }
  }
  return rows;
}

// Columns [begin, end) of each row, zeros outside the input, to `copy`: [row][column].
StemRow* StemConv::copy_columns(std::int64_t begin, std::int64_t end, const float* x,
                                const StemRow* rows, const StemRow* rows_end, StemRow* copied,
                                float* copy) const {
  const float* start = copy;
  // The columns that lie inside: [first, last).
  const std::int64_t first = std::min(std::max<std::int64_t>(begin, 0), end);
  const std::int64_t last = std::max(std::min(end, shape_.in[2]), first);
  for (; rows != rows_end; rows++, copy += end - begin) {
    *copied++ = {copy - start, rows->w};
    std::fill(copy, copy + (first - begin), 0.0f);
    std::copy(x + rows->x + first, x + rows->x + last, copy + (first - begin));
    std::fill(copy + (last - begin), copy + (end - begin), 0.0f);
  }
  return copied;
}

// What each kernel column of each row reads, zeros outside the input, to `copy`:
// [row][column][pixel].
StemRow* StemConv::gather_columns(std::int64_t begin, const float* x, const StemRow* rows,
                                  const StemRow* rows_end, StemRow* copied, float* copy) const {
  const std::int64_t pixels = kernels_.pixels[width_];
  float* to = copy;
  for (; rows != rows_end; rows++) {
    *copied++ = {to - copy, rows->w};
    for (std::int64_t j = 0; j < shape_.kernel[2]; j++) {
      std::int64_t at = begin + j * shape_.dilation[2];
      for (std::int64_t q = 0; q < pixels; q++, at += shape_.stride[2]) {
        *to++ = at >= 0 && at < shape_.in[2] ? x[rows->x + at] : 0.0f;
      }
    }
  }
  return copied;
}

void StemConv::run_panels(std::int64_t image, const ConvRun& run, const ConvArgs& args,
                          StemTileArgs* a) const {
  const std::int64_t blocks = ceil_div(shape_.k, kConvBlock);
  const std::int64_t steps = kernel_rows() * shape_.kernel[2];
  const std::int64_t position = conv_y_position(lattice_, run, shape_.out) * kConvBlock;
  // Gathered pixels lie side by side, whatever the stride.
  const int stride = shape_.stride[2] == 2 ? 2 : 1;
  for (std::int64_t block = 0; block < blocks; block += kernels_.panel_blocks) {
    const auto panel = std::min<std::int64_t>(kernels_.panel_blocks, blocks - block);
    const std::int64_t at = position + block * a->y_block;
    a->w = args.packed + block * kConvBlock * steps;
    a->bias = shape_.bias ? args.bias + block * kConvBlock : nullptr;
    a->residual = shape_.residual ? args.residual + image * shape_.residual_image + at : nullptr;
    a->y = args.y + image * shape_.y_image + at;
    kernels_.tile[stride - 1][panel - 1][width_](*a);
  }
}

}  // namespace

ConvPlan plan_stem(const ConvShape& shape, const KernelTable& kernels, int threads) {
  return plan_of(std::make_shared<StemConv>(shape, *kernels.conv_stem, threads));
}

}  // namespace keel::simd
