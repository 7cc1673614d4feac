// The transforms of Winograd's minimal filtering for small kernels on one channel block: a patch of
// side^2 inputs becomes as many points, the points of a product become m x m outputs; the weights
// become points, in double when they are packed, in float when they are used. conv_winograd.cpp has
// the formulas.
#pragma once

#include <cstddef>
#include <cstdint>

#include "simd/activation.h"

namespace keel::simd {

struct WinogradInputArgs {
  const float* x;        // position of the patch's corner; may lie outside
  std::ptrdiff_t x_row;  // floats between its rows
  // Rows and columns of the patch that lie in the input, [begin, end); the others are zeros.
  std::int64_t row_begin, row_end, column_begin, column_end;
  float* v;                // 16 floats a point
  std::ptrdiff_t v_point;  // floats from point to point
};

struct WinogradOutputArgs {
  const float* m;
  std::ptrdiff_t m_point;
  const float* bias;      // [16] or null
  const float* residual;  // laid out as y, or null
  float* y;
  std::ptrdiff_t y_row;
  std::int64_t rows, columns;  // of the m x m outputs that exist, at least 1
  Activation activation;
};

struct WinogradWeightsArgs {
  const float* w;  // [channels][taps^2][16 features]
  std::int64_t channels;
  float* u;  // 16 floats a channel and point
  std::ptrdiff_t u_channel, u_point;
};

struct WinogradExpandArgs {
  const float* w;  // [9 taps][channels][columns]
  std::int64_t channels, columns;
  float* u;  // a point: [channels][columns]
  std::ptrdiff_t u_point;
};

// Tiles of m x m outputs of a kernel of taps x taps at a stride, and the side of their patches.
struct WinogradForm {
  int m, stride, taps, side;
};
constexpr int kWinogradFormCount = 4;
constexpr WinogradForm kWinogradForms[kWinogradFormCount] = {
    {2, 1, 3, 4}, {4, 1, 3, 6}, {2, 2, 3, 5}, {3, 1, 4, 6}};

// The index of the form of m at a stride; there is one.
inline int winograd_form(int m, std::int64_t stride) {
  int i = 0;
  while (kWinogradForms[i].m != m || kWinogradForms[i].stride != stride) i++;
  return i;
}

struct WinogradKernels {
  // By form; null where a form is not offered.
  void (*input[kWinogradFormCount])(const WinogradInputArgs&);
  void (*output[kWinogradFormCount])(const WinogradOutputArgs&);
  void (*weights[kWinogradFormCount])(const WinogradWeightsArgs&);
  void (*expand[kWinogradFormCount])(const WinogradExpandArgs&);  // 3 taps; null else
  // Multiply-adds round once. Where they round twice, patches of 6 lose so many bits that a deep
  // network (a U-Net, measured) is more than 2e-5 off; there are none.
  bool fused;
};

}  // namespace keel::simd
