#include "simd/conv_pool.h"

#include <algorithm>
#include <cassert>
#include <cstring>

#include "simd/conv_algorithm.h"

namespace keel::simd {
namespace {

std::int64_t round_up(std::int64_t n, std::int64_t step) { return ceil_div(n, step) * step; }

}  // namespace

bool prefers_conv_pool(const ConvPoolShape& shape, const KernelTable& kernels,
                       ConvPrecision precision) {
  // Measured with L2 of 1 MB: 0.7 of the time of both for the first convolutions of networks, whose
  // weights are few. VGG's second one reads 0.6 MB of them for every strip, and takes 1.1.
  constexpr std::int64_t kFewestBytes = 1 << 20, kMostWeights = 256 << 10;
  const ConvShape& conv = shape.conv;
  if (4 * conv.k * product(conv.out) < kFewestBytes) return false;
  const ConvPlan plan = plan_conv(conv, kernels, 1, precision);
  return plan.row_step != 0 && 4 * plan.packed_floats <= kMostWeights;
}

ConvPoolPlan::ConvPoolPlan(const ConvPoolShape& shape, const KernelTable& kernels, int threads,
                           ConvPrecision precision, std::int64_t scratch)
    : shape_(shape), pool_(*kernels.pool), x_image_(conv_canonical(shape.conv).x_image) {
  assert(!shape.conv.residual && shape.conv.rank == 2);
  ConvShape image = shape.conv;
  image.n = 1;
  conv_ = plan_conv(image, kernels, 1, precision);
  flops_ = conv_.flops * static_cast<double>(shape.conv.n);
  strip_rows_ = shape.pool.in[0];
  if (conv_.row_step == 0) return;
  choose_rows(conv_, threads, scratch);
  image.out[0] = kept_rows_ + strip_rows_;
  conv_ = plan_conv(image, kernels, 1, precision);
  assert(conv_.row_step == row_step_);
}

void ConvPoolPlan::choose_rows(const ConvPlan& whole, int threads, std::int64_t scratch) {
  const PoolShape& pool = shape_.pool;
  row_step_ = whole.row_step;
  kept_rows_ = round_up((pool.kernel[0] - 1) * pool.dilation[0], row_step_);
  const std::int64_t affordable = scratch / (4 * blocks() * row_floats()) - kept_rows_;
  const std::int64_t most = std::max(affordable / row_step_, std::int64_t{1}) * row_step_;
  // Some for every thread, so that one that is held up leaves its others to the rest; not so many
  // that the rows at their borders, which two of them compute, count.
  constexpr std::int64_t kPartsPerThread = 3, kFewestSteps = 16;
  const std::int64_t wanted = threads > 1 ? kPartsPerThread * threads : 1;
  parts_ = std::clamp<std::int64_t>(pool.in[0] / (kFewestSteps * row_step_), 1, wanted);
  parts_ = std::min(parts_, pool.out[0]);
  const std::int64_t rows = ceil_div(pool.in[0], parts_);
  strip_rows_ = round_up(ceil_div(rows, ceil_div(rows, most)), row_step_);
}

std::string ConvPoolPlan::kernel() const {
  const bool strips = strip_rows_ < shape_.pool.in[0];
  return conv_.kernel + (strips ? ", pool, strips of " + std::to_string(strip_rows_) : ", pool");
}

std::size_t ConvPoolPlan::thread_scratch() const {
  const std::int64_t floats = blocks() * block_floats();
  return conv_bytes() + sizeof(float) * static_cast<std::size_t>(floats);
}

// Rows of the convolution that a row of the pool reads.
ConvPoolPlan::Rows ConvPoolPlan::rows_read(std::int64_t row) const {
  const PoolShape& pool = shape_.pool;
  const std::int64_t begin = row * pool.stride[0] - pool.pad_begin[0];
  const std::int64_t end = begin + (pool.kernel[0] - 1) * pool.dilation[0] + 1;
  return {std::clamp<std::int64_t>(begin, 0, pool.in[0]),
          std::clamp<std::int64_t>(end, 0, pool.in[0])};
}

void ConvPoolPlan::run(std::int64_t chunk, const ConvArgs& args) const {
  const PoolShape& p = shape_.pool;
  const std::int64_t image = chunk / parts_, part = chunk % parts_;
  const std::int64_t end = (part + 1) * p.out[0] / parts_;
  auto* scratch = static_cast<char*>(args.thread_scratch);
  ConvArgs strip = args;
  strip.x = args.x + image * x_image_;
  strip.shared_scratch = scratch + (conv_bytes() - conv_.shared_scratch);
  strip.y = reinterpret_cast<float*>(scratch + conv_bytes());
  float* y = args.y + image * blocks() * p.out[0] * p.out[1] * kConvBlock;
  Rows rows = {part * p.out[0] / parts_, 0};
  strip.done = kept_rows_;
  strip.row = rows_read(rows.begin).begin / row_step_ * row_step_ - kept_rows_;
  for (; rows.begin < end; rows.begin = rows.end, strip.row += strip_rows_) {
    convolve(strip);
    rows.end = rows.begin;
    const std::int64_t made = strip.row + kept_rows_ + strip_rows_;
    while (rows.end < end && rows_read(rows.end).end <= made) rows.end++;
    pool(rows, strip, y);
    if (rows.end < end) keep_last_rows(strip.y);
  }
}

void ConvPoolPlan::convolve(const ConvArgs& args) const {
  for (std::size_t phase = 0; phase < conv_.phases.size(); phase++) {
    for (std::int64_t chunk = 0; chunk < conv_.phases[phase]; chunk++)
      run_conv_chunk(conv_, static_cast<int>(phase), chunk, args);
  }
}

void ConvPoolPlan::pool(Rows rows, const ConvArgs& strip, float* y) const {
  const PoolShape& p = shape_.pool;
  for (std::int64_t b = 0; b < blocks(); b++) {
    const float* row_zero = strip.y + b * block_floats() - strip.row * row_floats();
    pool_.max(p, row_zero, y + b * p.out[0] * p.out[1] * kConvBlock, rows.begin, rows.end);
  }
}

void ConvPoolPlan::keep_last_rows(float* strip) const {
  const std::int64_t bytes = kept_rows_ * row_floats() * static_cast<std::int64_t>(sizeof(float));
  for (std::int64_t b = 0; b < blocks(); b++, strip += block_floats())
    std::memmove(strip, strip + strip_rows_ * row_floats(), static_cast<std::size_t>(bytes));
}

}  // namespace keel::simd
