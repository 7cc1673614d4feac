// Resize of float arrays on the kernels of simd/resize.h: a list of passes, each of them over rows
// and the columns within them, each parallel over its output rows.
#pragma once

#include <memory>
#include <vector>

#include "runtime/op.h"
#include "runtime/resize_axes.h"

namespace keel {

class FloatResize {
 public:
  // tables: one per axis of x as it lies in memory (NCHW16c ends with an identity of 16).
  FloatResize(const simd::KernelTable& kernels, std::vector<ResizeTable> tables, bool nearest,
              float extrapolation);

  // Bytes of scratch that run() wants.
  std::size_t shared_bytes() const { return shared_bytes_; }
  std::size_t thread_bytes() const { return thread_bytes_; }

  // Scratch of thread i begins at thread_scratch + i * thread_stride.
  void run(Parallel& parallel, const float* x, float* y, std::byte* shared,
           std::byte* thread_scratch, std::size_t thread_stride) const;

 private:
  // Tables by tap, as the column kernel wants them.
  struct Columns {
    std::vector<std::int32_t> index;
    std::vector<float> weight;
    bool ascending = true;
  };
  // [outer, rows.in, columns.in, inner] -> [outer, rows.out, columns.out, inner]
  struct Pass {
    std::int64_t outer = 1, inner = 1;
    ResizeTable rows, columns;  // identities where nothing changes
    Columns by_tap;             // of `columns`
    std::int64_t in_row() const { return columns.in * inner; }
    std::int64_t out_row() const { return columns.out * inner; }
    std::int64_t out_size() const { return outer * rows.out * out_row(); }
  };
  void add_pass(const std::vector<ResizeTable>& tables, std::size_t rows, std::size_t columns);
  void run_pass(const Pass& pass, Parallel& parallel, const float* x, float* y,
                std::byte* thread_scratch, std::size_t thread_stride) const;
  void run_row(const Pass& pass, std::int64_t row, const float* x, float* y, float* scratch) const;
  void resize_columns(const Pass& pass, const float* x, float* y) const;

  const simd::KernelTable* kernels_;
  bool nearest_;
  float extrapolation_;
  std::vector<Pass> passes_;
  std::int64_t size_ = 1;  // of x; of y too where there are no passes
  std::size_t shared_bytes_ = 0, thread_bytes_ = 0;
};

}  // namespace keel
