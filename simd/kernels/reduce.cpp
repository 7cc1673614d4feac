// Runs on four vectors at once, columns in strips of four vectors.
#include "simd/reduce.h"

#include "simd/kernel.h"

namespace keel::simd::KEEL_TARGET {
namespace {

constexpr int kVecs = 4;
constexpr std::int64_t kStrip = kVecs * kWidth;
constexpr std::int64_t kSteps = 64;  // additions to a lane before its block is closed
constexpr float kInfinity = __builtin_huge_valf();

template <ReduceKind kKind>
KEEL_INLINE Vec start() {
  if constexpr (kKind == ReduceKind::Max) return set1(-kInfinity);
  if constexpr (kKind == ReduceKind::Min) return set1(kInfinity);
  return zero();
}
template <ReduceKind kKind>
KEEL_INLINE Vec step(Vec sum, Vec x) {
  if constexpr (kKind == ReduceKind::Max) return max_nan(sum, x);
  if constexpr (kKind == ReduceKind::Min) return min_nan(sum, x);
  if constexpr (kKind == ReduceKind::Absolute) return sum + abs(x);
  if constexpr (kKind == ReduceKind::Square) return fma(x, x, sum);
  return sum + x;
}
// Two results of the same kind into one.
template <ReduceKind kKind>
KEEL_INLINE Vec merge(Vec a, Vec b) {
  if constexpr (kKind == ReduceKind::Max || kKind == ReduceKind::Min) return step<kKind>(a, b);
  return a + b;
}

template <ReduceKind kKind>
KEEL_INLINE double lanes_of(Vec v) {
  if constexpr (kKind == ReduceKind::Max || kKind == ReduceKind::Min) {
    if (any(is_nan(v))) return static_cast<double>(__builtin_nanf(""));
    constexpr bool kMax = kKind == ReduceKind::Max;
    const float extreme = horizontal_max(kMax ? v : -v);
    return static_cast<double>(kMax ? extreme : -extreme);
  }
  return static_cast<double>(horizontal_add(v));
}

template <ReduceKind kKind>
KEEL_INLINE double both(double a, double b) {
  if constexpr (kKind == ReduceKind::Max) return b > a || b != b ? b : a;
  if constexpr (kKind == ReduceKind::Min) return b < a || b != b ? b : a;
  return a + b;
}

// At most kSteps * kStrip elements.
template <ReduceKind kKind>
KEEL_INLINE double block(const float* x, std::int64_t n) {
  Vec sum[kVecs];
  KEEL_UNROLL for (int v = 0; v < kVecs; v++) sum[v] = start<kKind>();
  std::int64_t i = 0;
  for (; i + kStrip <= n; i += kStrip) {
    KEEL_UNROLL for (int v = 0; v < kVecs; v++) {
      sum[v] = step<kKind>(sum[v], load(x + i + v * kWidth));
    }
  }
  for (; i + kWidth <= n; i += kWidth) sum[0] = step<kKind>(sum[0], load(x + i));
  const Vec low = merge<kKind>(sum[0], sum[1]), high = merge<kKind>(sum[2], sum[3]);
  double result = lanes_of<kKind>(merge<kKind>(low, high));
  for (; i < n; i++) {
    const double value = static_cast<double>(x[i]);
    const double magnitude = value < 0 ? -value : value;
    result = both<kKind>(result, kKind == ReduceKind::Square     ? value * value
                                 : kKind == ReduceKind::Absolute ? magnitude
                                                                 : value);
  }
  return result;
}

template <ReduceKind kKind>
double run_of(const float* x, std::int64_t n) {
  double result = lanes_of<kKind>(start<kKind>());
  if (kKind != ReduceKind::Max && kKind != ReduceKind::Min) result = 0;
  constexpr std::int64_t kBlockSize = kSteps * kStrip;
  for (std::int64_t i = 0; i < n; i += kBlockSize) {
    result = both<kKind>(result, block<kKind>(x + i, n - i < kBlockSize ? n - i : kBlockSize));
  }
  return result;
}

KEEL_INLINE Vec load_some(const float* p, std::int64_t n) {
  return n >= kWidth ? load(p) : load_partial(p, n < 0 ? 0 : n);
}

// A strip of n (at most kStrip) columns.
template <ReduceKind kKind, bool kWhole>
void strip(const float* x, std::int64_t rows, std::int64_t pitch, std::int64_t n, float* y) {
  Vec total[kVecs];
  KEEL_UNROLL for (int v = 0; v < kVecs; v++) total[v] = start<kKind>();
  for (std::int64_t first = 0; first < rows; first += kSteps) {
    const std::int64_t last = rows - first < kSteps ? rows : first + kSteps;
    Vec sum[kVecs];
    KEEL_UNROLL for (int v = 0; v < kVecs; v++) sum[v] = start<kKind>();
    for (std::int64_t r = first; r < last; r++) {
      const float* row = x + r * pitch;
      KEEL_UNROLL for (int v = 0; v < kVecs; v++) {
        const float* at = row + v * kWidth;
        if (!kWhole && v * kWidth >= n) break;
        sum[v] = step<kKind>(sum[v], kWhole ? load(at) : load_some(at, n - v * kWidth));
      }
    }
    KEEL_UNROLL for (int v = 0; v < kVecs; v++) total[v] = merge<kKind>(total[v], sum[v]);
  }
  KEEL_UNROLL for (int v = 0; v < kVecs; v++) {
    const std::int64_t left = n - v * kWidth;
    if (left >= kWidth) {
      store(y + v * kWidth, total[v]);
    } else if (left > 0) {
      store_partial(y + v * kWidth, total[v], left);
    }
  }
}

template <ReduceKind kKind>
void columns_of(const float* x, std::int64_t rows, std::int64_t pitch, std::int64_t n, float* y) {
  std::int64_t i = 0;
  for (; i + kStrip <= n; i += kStrip) strip<kKind, true>(x + i, rows, pitch, kStrip, y + i);
  if (i < n) strip<kKind, false>(x + i, rows, pitch, n - i, y + i);
}

double run(ReduceKind kind, const float* x, std::int64_t n) {
  switch (kind) {
    case ReduceKind::Sum:
      return run_of<ReduceKind::Sum>(x, n);
    case ReduceKind::Absolute:
      return run_of<ReduceKind::Absolute>(x, n);
    case ReduceKind::Square:
      return run_of<ReduceKind::Square>(x, n);
    case ReduceKind::Max:
      return run_of<ReduceKind::Max>(x, n);
    case ReduceKind::Min:
      return run_of<ReduceKind::Min>(x, n);
  }
  return 0;
}

void columns(ReduceKind kind, const float* x, std::int64_t rows, std::int64_t pitch, std::int64_t n,
             float* y) {
  switch (kind) {
    case ReduceKind::Sum:
      return columns_of<ReduceKind::Sum>(x, rows, pitch, n, y);
    case ReduceKind::Absolute:
      return columns_of<ReduceKind::Absolute>(x, rows, pitch, n, y);
    case ReduceKind::Square:
      return columns_of<ReduceKind::Square>(x, rows, pitch, n, y);
    case ReduceKind::Max:
      return columns_of<ReduceKind::Max>(x, rows, pitch, n, y);
    case ReduceKind::Min:
      return columns_of<ReduceKind::Min>(x, rows, pitch, n, y);
  }
}

}  // namespace

extern const ReduceKernels reduce_kernels;
const ReduceKernels reduce_kernels = {run, columns};

}  // namespace keel::simd::KEEL_TARGET
