// A convolution and the max pooling behind it, strip of rows by strip of rows, so that what the
// convolution gives stays in L2 and is no tensor:
//
//   for each strip of rows:
//     convolve   x -> the strip, behind the last rows of the one before
//     pool       every window that ends there -> y
//
// Where the convolution's algorithm does not compute rows on their own (ConvPlan::row_step), a
// whole image is one strip. Results are the same bits as those of both one by one, for every number
// of threads.
#pragma once

#include <cstdint>
#include <string>

#include "simd/conv.h"
#include "simd/pool.h"

namespace keel::simd {

// Two spatial axes; pool.in are the first two of conv.out.
struct ConvPoolShape {
  ConvShape conv;  // without residual
  PoolShape pool;
};

// True where that is faster than one by one.
bool prefers_conv_pool(const ConvPoolShape& shape, const KernelTable& kernels,
                       ConvPrecision precision);

// Immutable, may be shared by threads.
class ConvPoolPlan {
 public:
  // scratch: bytes of a strip that the plan aims at.
  ConvPoolPlan(const ConvPoolShape& shape, const KernelTable& kernels, int threads,
               ConvPrecision precision, std::int64_t scratch = 256 << 10);
  const ConvPlan& conv() const { return conv_; }  // how W is packed
  std::string kernel() const;                     // for people
  double flops() const { return flops_; }
  std::int64_t chunks() const { return parts_ * shape_.conv.n; }
  std::size_t thread_scratch() const;  // bytes, 64-byte aligned
  // y: [n][ceil(k/16)][pool.out][16]. No shared scratch, no residual.
  void run(std::int64_t chunk, const ConvArgs& args) const;

 private:
  // Rows of a plane: [begin, end).
  struct Rows {
    std::int64_t begin, end;
  };
  Rows rows_read(std::int64_t row) const;
  void choose_rows(const ConvPlan& whole, int threads, std::int64_t scratch);
  void convolve(const ConvArgs& args) const;
  void pool(Rows rows, const ConvArgs& strip, float* y) const;
  void keep_last_rows(float* strip) const;

  std::size_t conv_bytes() const {  // of scratch
    return (conv_.thread_scratch + 63) / 64 * 64 + conv_.shared_scratch;
  }
  std::int64_t blocks() const { return (shape_.conv.k + 15) / 16; }
  std::int64_t row_floats() const { return shape_.pool.in[1] * 16; }
  std::int64_t block_floats() const { return (kept_rows_ + strip_rows_) * row_floats(); }

  ConvPoolShape shape_;
  const PoolKernels& pool_;
  std::int64_t x_image_;
  std::int64_t parts_ = 1;  // of an image; each is a chunk
  // Rows that a strip computes, and those before them that it has from the strip before: both
  // multiples of row_step_, on which every strip begins, so that each row is always computed alike.
  std::int64_t strip_rows_ = 0, kept_rows_ = 0, row_step_ = 1;
  ConvPlan conv_;  // of a strip's rows
  double flops_;
};

}  // namespace keel::simd
