// Mean and deviation of a row, in double and in two passes, for tensors of doubles.
#pragma once

#include <cmath>
#include <cstdint>

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

}  // namespace keel
