// Winograd's transforms in one dimension, applied to columns and then to rows. The points are
// 0, 1, -1, inf for a side of 4 and 0, +-1/sqrt(2), +-sqrt(2), inf for one of 6, which gives 4
// outputs of 3 taps or 3 outputs of 4: with those the matrices of both sides have entries of like
// size, and the rounding error is a third of that of the usual 0, +-1, +-2, inf.
//
// At stride 2 the kernel's outer weights meet the even inputs, as F(2, 2) at the points 0, 1, inf;
// the middle weight meets the odd ones, which are points of their own.
#include "simd/winograd.h"

#include "simd/epilogue.h"
#include "simd/kernel.h"

namespace keel::simd::KEEL_TARGET {
namespace {

constexpr float kSqrt2 = 1.41421356f;
constexpr float kSqrtHalf = 0.70710678f;

// r = B^T d
KEEL_INLINE void input_transform(const Vec (&d)[4], Vec (&r)[4]) {
  r[0] = d[0] - d[2];
  r[1] = d[1] + d[2];
  r[2] = d[2] - d[1];
  r[3] = d[3] - d[1];
}
KEEL_INLINE void input_transform(const Vec (&d)[6], Vec (&r)[6]) {
  const Vec near = fnma(set1(2.0f), d[2], d[4]), near_odd = fnma(set1(2.0f), d[1], d[3]);
  const Vec far = fnma(set1(0.5f), d[2], d[4]), far_odd = fnma(set1(0.5f), d[1], d[3]);
  r[0] = fnma(set1(2.5f), d[2], d[4] + d[0]);
  r[1] = fma(set1(kSqrtHalf), near_odd, near);
  r[2] = fnma(set1(kSqrtHalf), near_odd, near);
  r[3] = fma(set1(kSqrt2), far_odd, far);
  r[4] = fnma(set1(kSqrt2), far_odd, far);
  r[5] = fnma(set1(2.5f), d[3], d[5] + d[1]);
}

KEEL_INLINE void input_transform(const Vec (&d)[5], Vec (&r)[5]) {
  r[0] = d[0] - d[2];
  r[1] = d[2];
  r[2] = d[4] - d[2];
  r[3] = d[1];
  r[4] = d[3];
}

// r = A^T m
KEEL_INLINE void output_transform(const Vec (&m)[4], Vec (&r)[2]) {
  r[0] = m[0] + m[1] + m[2];
  r[1] = m[1] - m[2] + m[3];
}
KEEL_INLINE void output_transform(const Vec (&m)[6], Vec (&r)[4]) {
  const Vec near = m[1] + m[2], near_odd = m[1] - m[2];
  const Vec far = m[3] + m[4], far_odd = m[3] - m[4];
  r[0] = m[0] + near + far;
  r[1] = fma(set1(kSqrtHalf), near_odd, set1(kSqrt2) * far_odd);
  r[2] = fma(set1(0.5f), near, set1(2.0f) * far);
  r[3] = fma(set1(0.5f * kSqrtHalf), near_odd, fma(set1(2.0f * kSqrt2), far_odd, m[5]));
}
KEEL_INLINE void output_transform(const Vec (&m)[6], Vec (&r)[3]) {
  const Vec near = m[1] + m[2], near_odd = m[1] - m[2];
  const Vec far = m[3] + m[4], far_odd = m[3] - m[4];
  r[0] = m[0] + near + far;
  r[1] = fma(set1(kSqrtHalf), near_odd, set1(kSqrt2) * far_odd);
  r[2] = fma(set1(0.5f), near, fma(set1(2.0f), far, m[5]));
}
KEEL_INLINE void output_transform(const Vec (&m)[5], Vec (&r)[2]) {
  r[0] = m[0] + m[1] + m[3];
  r[1] = m[1] + m[2] + m[4];
}

// r = G w, in double: the weights of all runs. Of a point p = +-a, +-1/a with a = 1/sqrt(2):
// [1, p, p^2, p^3 if there is one] / product of its distances to the others.
constexpr double kA = 0.70710678118654752440, kInverseA = 1.41421356237309504880;
KEEL_INLINE void weight_transform(const double (&w)[3], double (&r)[4]) {
  r[0] = w[0];
  r[1] = (w[0] + w[1] + w[2]) * 0.5;
  r[2] = (w[0] - w[1] + w[2]) * 0.5;
  r[3] = w[2];
}
KEEL_INLINE void weight_transform(const double (&w)[3], double (&r)[6]) {
  r[0] = w[0];
  r[1] = (w[0] + kA * w[1] + 0.5 * w[2]) * (-1 / 1.5);
  r[2] = (w[0] - kA * w[1] + 0.5 * w[2]) * (-1 / 1.5);
  r[3] = (w[0] + kInverseA * w[1] + 2 * w[2]) * (1 / 6.0);
  r[4] = (w[0] - kInverseA * w[1] + 2 * w[2]) * (1 / 6.0);
  r[5] = w[2];
}
KEEL_INLINE void weight_transform(const double (&w)[4], double (&r)[6]) {
  const double near = w[0] + 0.5 * w[2], near_odd = kA * (w[1] + 0.5 * w[3]);
  const double far = w[0] + 2 * w[2], far_odd = kInverseA * (w[1] + 2 * w[3]);
  r[0] = w[0];
  r[1] = (near + near_odd) * (-1 / 1.5);
  r[2] = (near - near_odd) * (-1 / 1.5);
  r[3] = (far + far_odd) * (1 / 6.0);
  r[4] = (far - far_odd) * (1 / 6.0);
  r[5] = w[3];
}
KEEL_INLINE void weight_transform(const double (&w)[3], double (&r)[5]) {
  r[0] = w[0];
  r[1] = w[0] + w[2];
  r[2] = w[2];
  r[3] = r[4] = w[1];
}

// r = G w on vectors of floats.
KEEL_INLINE void expand_transform(const Vec (&w)[3], Vec (&r)[4]) {
  const Vec outer = (w[0] + w[2]) * set1(0.5f);
  r[0] = w[0];
  r[1] = fma(set1(0.5f), w[1], outer);
  r[2] = fnma(set1(0.5f), w[1], outer);
  r[3] = w[2];
}
KEEL_INLINE void expand_transform(const Vec (&w)[3], Vec (&r)[6]) {
  const Vec near = fma(set1(0.5f), w[2], w[0]) * set1(-1 / 1.5f);
  const Vec far = fma(set1(2.0f), w[2], w[0]) * set1(1 / 6.0f);
  r[0] = w[0];
  r[1] = fma(set1(-kSqrtHalf / 1.5f), w[1], near);
  r[2] = fnma(set1(-kSqrtHalf / 1.5f), w[1], near);
  r[3] = fma(set1(kSqrt2 / 6.0f), w[1], far);
  r[4] = fnma(set1(kSqrt2 / 6.0f), w[1], far);
  r[5] = w[2];
}
KEEL_INLINE void expand_transform(const Vec (&w)[3], Vec (&r)[5]) {
  r[0] = w[0];
  r[1] = w[0] + w[2];
  r[2] = w[2];
  r[3] = r[4] = w[1];
}

template <int kSide>
void expand(const WinogradExpandArgs& a) {
  const std::int64_t tap = a.channels * a.columns;
  for (std::int64_t i = 0; i < tap; i += kWidth) {
    Vec half[kSide][3];
    KEEL_UNROLL for (int j = 0; j < 3; j++) {
      const float* from = a.w + j * tap + i;
      const Vec column[3] = {load(from), load(from + 3 * tap), load(from + 6 * tap)};
      Vec r[kSide];
      expand_transform(column, r);
      KEEL_UNROLL for (int k = 0; k < kSide; k++) half[k][j] = r[k];
    }
    float* to = a.u + i;
    KEEL_UNROLL for (int k = 0; k < kSide; k++) {
      Vec r[kSide];
      expand_transform(half[k], r);
      KEEL_UNROLL for (int j = 0; j < kSide; j++, to += a.u_point) store(to, r[j]);
    }
  }
}

// A patch with zeros where it lies outside the input.
template <int Side>
KEEL_INLINE void copy_patch(const WinogradInputArgs& a, float* copy) {
  for (int i = 0; i < Side; i++) {
    for (int j = 0; j < Side; j++, copy += kBlock) {
      const bool inside =
          i >= a.row_begin && i < a.row_end && j >= a.column_begin && j < a.column_end;
      const float* from = a.x + i * a.x_row + j * kBlock;
      for (int v = 0; v < kBlock; v += kWidth) {
        store_aligned(copy + v, inside ? load_aligned(from + v) : zero());
      }
    }
  }
}

// Rows [First, First + Rows) of B^T d B, the halves of which stay in registers: stores of 512 bits
// take longer than loads, so a column is rather read twice than its half stored.
template <int kSide, int First, int Rows>
KEEL_INLINE void input_rows(const float* x, std::ptrdiff_t x_row, float* v,
                            std::ptrdiff_t v_point) {
  Vec half[Rows][kSide];
  KEEL_UNROLL for (int j = 0; j < kSide; j++) {
    Vec d[kSide], r[kSide];
    KEEL_UNROLL for (int i = 0; i < kSide; i++) d[i] = load_aligned(x + i * x_row + j * kBlock);
    input_transform(d, r);
    KEEL_UNROLL for (int i = 0; i < Rows; i++) half[i][j] = r[First + i];
  }
  v += First * kSide * v_point;
  KEEL_UNROLL for (int i = 0; i < Rows; i++) {
    Vec r[kSide];
    input_transform(half[i], r);
    KEEL_UNROLL for (int j = 0; j < kSide; j++, v += v_point) store_aligned(v, r[j]);
  }
}

template <int kSide>
void input(const WinogradInputArgs& a) {
  alignas(64) float patch[kSide * kSide * kBlock];
  const bool whole =
      a.row_begin == 0 && a.row_end == kSide && a.column_begin == 0 && a.column_end == kSide;
  if (!whole) copy_patch<kSide>(a, patch);
  const float* x = whole ? a.x : patch;
  const std::ptrdiff_t x_row = whole ? a.x_row : kSide * kBlock;
  constexpr int kFirst = (kSide + 1) / 2;
  for (int v = 0; v < kBlock; v += kWidth) {
    input_rows<kSide, 0, kFirst>(x + v, x_row, a.v + v, a.v_point);
    input_rows<kSide, kFirst, kSide - kFirst>(x + v, x_row, a.v + v, a.v_point);
  }
}

template <int M, int kSide>
void output(const WinogradOutputArgs& a) {
  alignas(64) float half[kSide * M * kWidth];
  for (int v = 0; v < kBlock; v += kWidth) {
    KEEL_UNROLL for (int j = 0; j < kSide; j++) {
      Vec d[kSide], r[M];
      KEEL_UNROLL for (int i = 0; i < kSide; i++) {
        d[i] = load_aligned(a.m + (i * kSide + j) * a.m_point + v);
      }
      output_transform(d, r);
      KEEL_UNROLL for (int i = 0; i < M; i++) {
        store_aligned(half + (i * kSide + j) * kWidth, r[i]);
      }
    }
    Vec y[M][M];
    const Vec bias = a.bias ? load(a.bias + v) : zero();
    KEEL_UNROLL for (int i = 0; i < M; i++) {
      Vec d[kSide];
      KEEL_UNROLL for (int j = 0; j < kSide; j++) {
        d[j] = load_aligned(half + (i * kSide + j) * kWidth);
      }
      output_transform(d, y[i]);
      KEEL_UNROLL for (int j = 0; j < M; j++) y[i][j] += bias;
    }
    KEEL_UNROLL for (int i = 0; i < M; i++) {
      KEEL_UNROLL for (int j = 0; j < M; j++) {
        const bool exists = i < a.rows && j < a.columns;
        if (a.residual && exists) y[i][j] += load(a.residual + i * a.y_row + j * kBlock + v);
      }
    }
    apply(a.activation, y);
    KEEL_UNROLL for (int i = 0; i < M; i++) {
      KEEL_UNROLL for (int j = 0; j < M; j++) {
        if (i < a.rows && j < a.columns) store_aligned(a.y + i * a.y_row + j * kBlock + v, y[i][j]);
      }
    }
  }
}

// The lanes are a loop of doubles, which the compiler turns into vectors.
template <int Side, int Taps>
void weights(const WinogradWeightsArgs& args) {
  const WinogradWeightsArgs a = args;
  double half[Side][Taps][kBlock];
  for (std::int64_t c = 0; c < a.channels; c++) {
    const float* w = a.w + c * Taps * Taps * kBlock;
    for (int j = 0; j < Taps; j++) {
      for (int lane = 0; lane < kBlock; lane++) {
        double column[Taps], r[Side];
        KEEL_UNROLL for (int i = 0; i < Taps; i++) column[i] = w[(i * Taps + j) * kBlock + lane];
        weight_transform(column, r);
        KEEL_UNROLL for (int i = 0; i < Side; i++) half[i][j][lane] = r[i];
      }
    }
    float* u = a.u + c * a.u_channel;
    for (int i = 0; i < Side; i++, u += Side * a.u_point) {
      float row[Side][kBlock];
      for (int lane = 0; lane < kBlock; lane++) {
        double points[Taps], r[Side];
        KEEL_UNROLL for (int j = 0; j < Taps; j++) points[j] = half[i][j][lane];
        weight_transform(points, r);
        KEEL_UNROLL for (int j = 0; j < Side; j++) row[j][lane] = static_cast<float>(r[j]);
      }
      for (int j = 0; j < Side; j++) {
        for (int v = 0; v < kBlock; v += kWidth) store(u + j * a.u_point + v, load(row[j] + v));
      }
    }
  }
}

}  // namespace

extern const WinogradKernels winograd_kernels;
#if defined(__FMA__)
const WinogradKernels winograd_kernels = {
    {input<4>, input<6>, input<5>, input<6>},
    {output<2, 4>, output<4, 6>, output<2, 5>, output<3, 6>},
    {weights<4, 3>, weights<6, 3>, weights<5, 3>, weights<6, 4>},
    {expand<4>, expand<6>, expand<5>, nullptr},
    true,
};
#else
const WinogradKernels winograd_kernels = {
    {input<4>, nullptr, input<5>, nullptr},
    {output<2, 4>, nullptr, output<2, 5>, nullptr},
    {weights<4, 3>, nullptr, weights<5, 3>, nullptr},
    {expand<4>, nullptr, expand<5>, nullptr},
    false,
};
#endif

}  // namespace keel::simd::KEEL_TARGET
