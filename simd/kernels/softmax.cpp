// Three passes over data that the first has brought into L1: largest, exponentials and their sum,
// scaling.
#include "simd/softmax.h"

#include "simd/vec_math.h"

namespace keel::simd::KEEL_TARGET {
namespace {

constexpr int kVecs = 4;
constexpr std::int64_t kStrip = kVecs * kWidth;
constexpr std::int64_t kSteps = 64;  // additions to a lane before its block is closed

KEEL_INLINE std::int64_t smaller(std::int64_t a, std::int64_t b) { return a < b ? a : b; }

// NaN is passed over: the exponentials find it.
float largest(const float* x, std::int64_t n) {
  Vec best[kVecs];
  KEEL_UNROLL for (int v = 0; v < kVecs; v++) best[v] = set1(-kInfinity);
  std::int64_t i = 0;
  for (; i + kStrip <= n; i += kStrip) {
    KEEL_UNROLL for (int v = 0; v < kVecs; v++) best[v] = max(load(x + i + v * kWidth), best[v]);
  }
  for (; i + kWidth <= n; i += kWidth) best[0] = max(load(x + i), best[0]);
  float result = horizontal_max(max(max(best[0], best[1]), max(best[2], best[3])));
  for (; i < n; i++) result = x[i] > result ? x[i] : result;
  return result;
}

// The sum of exp(x - m); the exponentials go to y unless it is null.
double exponentials(const float* x, float* y, std::int64_t n, float m) {
  const Vec shift = set1(m);
  double total = 0;
  for (std::int64_t first = 0; first < n; first += kSteps * kWidth) {
    const std::int64_t last = smaller(n, first + kSteps * kWidth);
    Vec sum = zero(), other = zero();
    std::int64_t i = first;
    for (; i + 2 * kWidth <= last; i += 2 * kWidth) {
      const Vec a = exp_nonpositive(load(x + i) - shift);
      const Vec b = exp_nonpositive(load(x + i + kWidth) - shift);
      sum += a, other += b;
      if (y) store(y + i, a), store(y + i + kWidth, b);
    }
    for (; i < last; i += kWidth) {
      const std::int64_t left = smaller(last - i, kWidth);
      const Vec e = exp_nonpositive(load_partial(x + i, left) - shift);
      float lanes[kWidth];
      store(lanes, e);
      for (std::int64_t k = 0; k < left; k++) total += static_cast<double>(lanes[k]);
      if (y) store_partial(y + i, e, left);
    }
    total += static_cast<double>(horizontal_add(sum + other));
  }
  return total;
}

// y = (x - shift) * factor - offset
void scale(const float* x, float* y, std::int64_t n, float shift, float factor, float offset) {
  const Vec s = set1(shift), f = set1(factor), o = set1(-offset);
  std::int64_t i = 0;
  for (; i + kWidth <= n; i += kWidth) store(y + i, fma(load(x + i) - s, f, o));
  if (i < n) store_partial(y + i, fma(load_partial(x + i, n - i) - s, f, o), n - i);
}

void row(const float* x, float* y, std::int64_t n, bool log_wanted) {
  const float m = largest(x, n);
  const auto sum = static_cast<float>(exponentials(x, log_wanted ? nullptr : y, n, m));
  if (!log_wanted) return scale(y, y, n, 0.0f, 1.0f / sum, 0.0f);
  float lanes[kWidth];
  store(lanes, log(set1(sum)));
  scale(x, y, n, m, 1.0f, lanes[0]);
}

// One vector of columns, the first `lanes` of it real.
void column_vector(const float* x, float* y, std::int64_t rows, std::int64_t pitch,
                   std::int64_t lanes, bool log_wanted) {
  const auto at = [=](std::int64_t r) {
    return lanes == kWidth ? load(x + r * pitch) : load_partial(x + r * pitch, lanes);
  };
  const auto put = [=](std::int64_t r, Vec v) {
    lanes == kWidth ? store(y + r * pitch, v) : store_partial(y + r * pitch, v, lanes);
  };
  Vec m = set1(-kInfinity);
  for (std::int64_t r = 0; r < rows; r++) m = max(at(r), m);
  Vec total = zero();
  for (std::int64_t first = 0; first < rows; first += kSteps) {
    Vec sum = zero();
    for (std::int64_t r = first; r < smaller(rows, first + kSteps); r++) {
      const Vec e = exp_nonpositive(at(r) - m);
      sum += e;
      if (!log_wanted) put(r, e);
    }
    total += sum;
  }
  const Vec factor = set1(1.0f) / total, offset = log(total);
  for (std::int64_t r = 0; r < rows; r++) {
    if (log_wanted) {
      put(r, at(r) - m - offset);
    } else {
      const float* e = y + r * pitch;
      put(r, (lanes == kWidth ? load(e) : load_partial(e, lanes)) * factor);
    }
  }
}

void columns(const float* x, float* y, std::int64_t rows, std::int64_t pitch, std::int64_t n,
             bool log_wanted) {
  for (std::int64_t i = 0; i < n; i += kWidth) {
    column_vector(x + i, y + i, rows, pitch, smaller(n - i, kWidth), log_wanted);
  }
}

}  // namespace

extern const SoftmaxKernels softmax_kernels;
const SoftmaxKernels softmax_kernels = {row, columns};

}  // namespace keel::simd::KEEL_TARGET
