#include "simd/conv_winograd_plane.h"

#include <algorithm>
#include <cassert>

#include "simd/conv_phases.h"
#include "simd/kernel_table.h"
#include "simd/layout.h"

namespace keel::simd {

WinogradPlane::WinogradPlane(const ConvShape& shape, const KernelTable& kernels, int m)
    : shape_(shape),
      view_(shape),
      kernels_(*kernels.winograd),
      layout_(*kernels.layout),
      index_(winograd_form(m, view_.stride)),
      form_(kWinogradForms[index_]),
      rows_(ceil_div(shape.out[1], m)),
      columns_(ceil_div(shape.out[2], m)),
      count_(shape.n * rows_ * columns_) {}

double WinogradPlane::flops() const {
  return 2.0 * static_cast<double>(product(shape_.kernel) * shape_.n * product(shape_.out)) *
         static_cast<double>(shape_.k * shape_.c);
}

std::string WinogradPlane::name() const {
  const std::string m = std::to_string(form_.m);
  return m + "x" + m + (form_.stride == 2 ? "/2" : "") + (view_.phased ? " of phases" : "");
}

void WinogradPlane::gather_weights(const float* W, std::int64_t k, std::int64_t c,
                                   std::int64_t channels, float* lanes) const {
  if (view_.phased) return gather_phase_weights(shape_, W, k, lanes);
  const std::int64_t taps = product(shape_.kernel);
  layout_.rows_to_block(W + (k * shape_.c + c) * taps, shape_.c * taps, lanes, shape_.k - k,
                        channels * taps);
}

// Some tiles of a row at a time: what they share is gathered once, and stays in L1.
void WinogradPlane::transform_phases(Tiles tiles, const ConvArgs& args, float* V,
                                     std::int64_t v_point) const {
  constexpr std::int64_t kTiles = 16, kRows = 6, kColumns = kTiles * 3 + 3;
  assert(form_.side == kRows && form_.m == 3);
  alignas(64) float phases[kRows * kColumns * kConvBlock] = {};
  WinogradInputArgs a = {};
  a.row_end = a.column_end = form_.side;
  a.v_point = v_point;
  a.v = V;
  for (std::int64_t t = tiles.begin, end = t; t < tiles.end; t = end) {
    end = std::min({t + kTiles, t + columns_ - t % columns_, tiles.end});
    const std::int64_t columns = (end - t) * form_.m + form_.taps - 1;
    gather_phases(shape_, args.x + t / (rows_ * columns_) * shape_.x_image,
                  (t / columns_ % rows_ * form_.m + args.row) * 2 - shape_.pad[1],
                  t % columns_ * form_.m * 2 - shape_.pad[2], kRows, columns, phases);
    a.x_row = columns * kConvBlock;
    for (std::int64_t i = t; i < end; i++, a.v += kConvBlock) {
      a.x = phases + (i - t) * form_.m * kConvBlock;
      kernels_.input[index_](a);
    }
  }
}

void WinogradPlane::transform(Tiles tiles, std::int64_t c_block, const ConvArgs& args, float* V,
                              std::int64_t v_point) const {
  if (view_.phased) return transform_phases(tiles, args, V, v_point);
  WinogradInputArgs a;
  a.x_row = shape_.in[2] * kConvBlock;
  a.v_point = v_point;
  a.v = V;
  const std::int64_t side = form_.side, step = form_.m * form_.stride;
  for (std::int64_t t = tiles.begin; t < tiles.end; t++, a.v += kConvBlock) {
    const std::int64_t image = t / (rows_ * columns_);
    const std::int64_t row = t / columns_ % rows_ * step + args.row * form_.stride - shape_.pad[1];
    const std::int64_t column = t % columns_ * step - shape_.pad[2];
    const std::int64_t position = row * shape_.in[2] + column;
    a.x = args.x + image * shape_.x_image +
          (c_block * shape_.in[1] * shape_.in[2] + position) * kConvBlock;
    a.row_begin = std::max<std::int64_t>(0, -row);
    a.row_end = std::min(side, shape_.in[1] - row);
    a.column_begin = std::max<std::int64_t>(0, -column);
    a.column_end = std::min(side, shape_.in[2] - column);
    kernels_.input[index_](a);
  }
}

void WinogradPlane::leave(Tiles tiles, std::int64_t k_block, const float* M, std::int64_t m_point,
                          const ConvArgs& args) const {
  WinogradOutputArgs a;
  a.m = M;
  a.m_point = m_point;
  a.bias = shape_.bias ? args.bias + k_block * kConvBlock : nullptr;
  a.y_row = shape_.out[2] * kConvBlock;
  a.activation = shape_.activation;
  for (std::int64_t t = tiles.begin; t < tiles.end; t++, a.m += kConvBlock) {
    const std::int64_t image = t / (rows_ * columns_);
    const std::int64_t row = t / columns_ % rows_ * form_.m;
    const std::int64_t column = t % columns_ * form_.m;
    const std::int64_t at = ((k_block * shape_.out[1] + row) * shape_.out[2] + column) * kConvBlock;
    a.residual = shape_.residual ? args.residual + image * shape_.residual_image + at : nullptr;
    a.y = args.y + image * shape_.y_image + at;
    a.rows = std::min<std::int64_t>(form_.m, shape_.out[1] - row);
    a.columns = std::min<std::int64_t>(form_.m, shape_.out[2] - column);
    kernels_.output[index_](a);
  }
}

}  // namespace keel::simd
