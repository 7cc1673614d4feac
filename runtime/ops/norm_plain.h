// Normalising rows: in double and in two passes for tensors of doubles, on kernels for floats.
#pragma once

#include <cmath>
#include <cstdint>

#include "simd/kernel_table.h"
#include "simd/norm.h"

namespace keel {

struct RowStatistics {
  double mean, inverse_deviation;  // 1 / sqrt(variance + epsilon)
};

template <typename T>
RowStatistics row_statistics(const T* x, std::int64_t n, double epsilon) {
  double sum = 0, squares = 0;
  for (std::int64_t i = 0; i < n; ++i) sum += static_cast<double>(x[i]);
  const double mean = sum / static_cast<double>(n);
  for (std::int64_t i = 0; i < n; ++i) {
    const double difference = static_cast<double>(x[i]) - mean;
    squares += difference * difference;
  }
  return {mean, 1 / std::sqrt(squares / static_cast<double>(n) + epsilon)};
}

// y = (x - mean) / deviation * scale + bias
template <typename T>
void normalize_row(const T* x, std::int64_t n, RowStatistics statistics, double scale, double bias,
                   T* y) {
  const double factor = statistics.inverse_deviation * scale;
  for (std::int64_t i = 0; i < n; ++i)
    y[i] = static_cast<T>((static_cast<double>(x[i]) - statistics.mean) * factor + bias);
}

// The same for a row of floats.
struct FloatStatistics {
  simd::Moments moments;
  double inverse_deviation;
};

inline FloatStatistics float_statistics(const simd::KernelTable& kernels, const float* x,
                                        std::int64_t n, double epsilon) {
  const simd::Moments moments = n > 0 ? kernels.norm->moments(x, n) : simd::Moments{};
  return {moments, 1 / std::sqrt(moments.variance + epsilon)};
}

inline void normalize_row(const simd::KernelTable& kernels, const float* x, std::int64_t n,
                          const FloatStatistics& statistics, float scale, float bias, float* y) {
  const double factor = statistics.inverse_deviation * static_cast<double>(scale);
  const double offset = static_cast<double>(bias) - statistics.moments.rest * factor;
  kernels.norm->apply(x, statistics.moments.centre, static_cast<float>(factor),
                      static_cast<float>(offset), nullptr, nullptr, y, n);
}

}  // namespace keel
