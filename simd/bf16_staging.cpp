#include "simd/bf16_staging.h"

#include <cstring>

namespace keel::simd {
namespace {

// What the rows of one channel block have in common.
struct Staging {
  const Bf16Geometry& g;
  const Bf16Kernels& kernels;
  const Bf16Geometry::Rectangle& r;
  std::int64_t block;
  const ConvArgs& args;

  void clear(std::uint16_t* row, std::int64_t begin, std::int64_t end) const;
  void copy_row(std::int64_t outer, std::int64_t row, std::int64_t phase, std::uint16_t* to) const;
  void copy(std::int64_t position, std::int64_t pixels, std::uint16_t* to) const;
};

void Staging::clear(std::uint16_t* row, std::int64_t begin, std::int64_t end) const {
  for (std::int64_t part = 0; part < g.parts(); part++) {
    std::memset(row + part * g.x_part() + begin * kBf16Channels, 0,
                static_cast<std::size_t>((end - begin) * kBf16Channels) * sizeof(*row));
  }
}

// A row of the input as the outputs of the rectangle read it through one phase.
void Staging::copy_row(std::int64_t outer, std::int64_t row, std::int64_t phase,
                       std::uint16_t* to) const {
  const ConvShape& s = g.shape();
  const std::int64_t stride = s.stride[2], first = r.column * stride + phase - s.pad[2];
  std::int64_t begin = first < 0 ? ceil_div(-first, stride) : 0;
  std::int64_t end = first < s.in[2] ? std::min(ceil_div(s.in[2] - first, stride), g.width()) : 0;
  const bool outside = outer < 0 || outer >= s.in[0] || row < 0 || row >= s.in[1];
  if (outside || begin >= end) begin = end = 0;
  if (begin > 0) clear(to, 0, begin);
  if (end < g.width()) clear(to, end, g.width());
  if (begin == end) return;
  const std::int64_t position = (outer * s.in[1] + row) * s.in[2] + first + begin * stride;
  copy(position, end - begin, to + begin * kBf16Channels);
}

void Staging::copy(std::int64_t position, std::int64_t pixels, std::uint16_t* to) const {
  const ConvShape& s = g.shape();
  const std::int64_t channel = block * kBf16Channels;
  const std::int64_t plane = s.matrix ? kConvBlock : product(s.in) * kConvBlock;
  Bf16StageArgs a = {};
  a.x = args.x + r.image * s.x_image + channel / kConvBlock * plane + position * g.x_pixel();
  a.x_pixel = s.stride[2] * g.x_pixel();
  a.x_second = plane;
  a.channels = std::min<std::int64_t>(kBf16Channels, s.c - channel);
  a.pixels = pixels;
  if (s.prologue) {
    a.prologue = args.prologue;
    a.prologue.affine += channel / kConvBlock * 3 * kConvBlock;
  }
  a.to = to;
  a.to_low = g.terms() == 3 ? to + g.x_part() : nullptr;
  kernels.stage(a);
}

}  // namespace

void stage_bf16(const Bf16Geometry& g, const Bf16Kernels& kernels, const Bf16Geometry::Rectangle& r,
                std::int64_t block, const ConvArgs& args, std::uint16_t* staged) {
  const Staging staging = {g, kernels, r, block, args};
  const ConvShape& s = g.shape();
  std::uint16_t* to = staged + block * g.x_block();
  for (std::int64_t k0 = 0; k0 < s.kernel[0]; k0++) {
    const std::int64_t outer = r.outer * s.stride[0] + k0 * s.dilation[0] - s.pad[0];
    for (std::int64_t phase1 : g.axis1().phases) {
      for (std::int64_t phase2 : g.axis2().phases) {
        for (std::int64_t j = 0; j < g.rows() + g.axis1().halo; j++) {
          const std::int64_t row = (r.row + j) * s.stride[1] + phase1 - s.pad[1];
          staging.copy_row(outer, row, phase2, to);
          to += g.width() * kBf16Channels;
        }
      }
    }
  }
}

}  // namespace keel::simd
