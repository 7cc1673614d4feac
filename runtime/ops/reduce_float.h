// Reductions of floats on the kernels of simd/reduce.h.
#pragma once

#include <algorithm>
#include <optional>

#include "runtime/op.h"
#include "runtime/ops/reduce_kind.h"
#include "runtime/reduce_axes.h"
#include "simd/kernel_table.h"
#include "simd/reduce.h"

namespace keel::ops {

// Elements that fit the stack of a worker: the width of a strip that is reduced at once.
constexpr std::int64_t kStrip = 256;
constexpr std::int64_t kGrain = 16 * 1024;  // elements that a thread takes at a time

// What kernels do of a kind; nullopt: nothing.
constexpr std::optional<simd::ReduceKind> kernel_kind(Kind kind) {
  switch (kind) {
    case Kind::Sum:
    case Kind::Mean:
    case Kind::LogSum:
      return simd::ReduceKind::Sum;
    case Kind::L1:
      return simd::ReduceKind::Absolute;
    case Kind::L2:
    case Kind::SumSquare:
      return simd::ReduceKind::Square;
    case Kind::Max:
      return simd::ReduceKind::Max;
    case Kind::Min:
      return simd::ReduceKind::Min;
    default:
      return std::nullopt;
  }
}

template <Kind K>
inline float finish_float(double sum, std::int64_t count) {
  if constexpr (is_extreme(K)) return static_cast<float>(sum);
  return finish<K, float, double>(sum, 0.0, count);
}

// One output row of floats: the sum of runs, or columns of rows that lie at even distances.
template <Kind K>
void reduce_float_row(const simd::ReduceKernels& kernels, const float* from,
                      const ReduceSplit& split, std::int64_t begin, std::int64_t n, float* y) {
  constexpr simd::ReduceKind kKind = *kernel_kind(K);
  const AxisGroup& group = split.reduced;
  if (split.run_reduced) {
    AxisWalk walk(group);
    double sum = kernels.run(kKind, from + walk.offset, split.run);
    for (walk.next(); walk.left > 0; walk.next()) {
      const double other = kernels.run(kKind, from + walk.offset, split.run);
      sum = step < is_extreme(K) ? K : Kind::Sum, double > (sum, other, 0.0);
    }
    *y = finish_float<K>(sum, group.count * split.run);
    return;
  }
  const std::int64_t pitch = group.dims.empty() ? 0 : group.strides[0];
  kernels.columns(kKind, from + begin, group.count, pitch, n, y);
  for (std::int64_t i = 0; i < n; ++i)
    y[i] = finish_float<K>(static_cast<double>(y[i]), group.count);
}

template <Kind K>
void reduce_floats(RunContext& run, const simd::ReduceKernels& kernels, const ReduceSplit& split) {
  const std::int64_t strips = split.run_reduced ? 1 : (split.run + kStrip - 1) / kStrip;
  const std::int64_t work =
      split.reduced.count * (split.run_reduced ? split.run : std::min(kStrip, split.run));
  const std::int64_t grain = std::max<std::int64_t>(1, kGrain / std::max<std::int64_t>(1, work));
  run.parallel.ranges(split.kept.count * strips, grain, [&](std::int64_t begin, std::int64_t end) {
    AxisWalk row(split.kept, begin / strips);
    for (std::int64_t i = begin; i < end; ++i) {
      const std::int64_t at = i % strips * kStrip;
      const std::int64_t n = split.run_reduced ? 1 : std::min(kStrip, split.run - at);
      float* y = run.out<float>(0) + (split.run_reduced ? i : i / strips * split.run + at);
      reduce_float_row<K>(kernels, run.in<float>(0) + row.offset, split, at, n, y);
      if (i % strips == strips - 1) row.next();
    }
  });
}

template <Kind K>
bool has_kernel(const RunContext& run, const ReduceSplit& split) {
  if (!kernel_kind(K) || run.input(0).type != DataType::Float || split.reduced.count == 0)
    return false;
  return split.run_reduced ? split.run > 0 : split.reduced.dims.size() <= 1;
}

}  // namespace keel::ops
