// Convolution and transposed convolution on plain tensors of any rank, by the formula: for double,
// and for what the blocked float kernels do not take (more than three spatial axes, empty inputs).
//
// Both walk pairs (s, l) of positions with l = s * stride + k * dilation - pad, s on the small side
// and l on the large one. A convolution reads l and writes s; transposed, it is the other way
// round.
#pragma once

#include <algorithm>

#include "runtime/op.h"
#include "runtime/activation.h"
#include "runtime/window.h"

namespace keel {

struct PlainConv {
  Window window;  // pads resolved
  std::int64_t images = 0, channels = 0, features = 0, group = 1;
  Shape in, out;  // spatial sizes
  bool transposed = false;
};

namespace plain_conv {

// y += weight * x over all pairs of tap `tap`, from axis `axis` on.
template <typename T>
void add_tap(const PlainConv& conv, const Shape& tap, std::size_t axis, T weight, const T* x,
             T* y) {
  const Window& window = conv.window;
  const std::int64_t stride = window.strides[axis];
  const std::int64_t shift = tap[axis] * window.dilations[axis] - window.pads[axis];
  const std::int64_t small = conv.transposed ? conv.in[axis] : conv.out[axis];
  const std::int64_t large = conv.transposed ? conv.out[axis] : conv.in[axis];
  const std::int64_t first = shift < 0 ? (-shift + stride - 1) / stride : 0;
  const std::int64_t last = shift < large ? std::min(small, (large - 1 - shift) / stride + 1) : 0;
  const std::int64_t x_step = product(conv.in, axis + 1, conv.in.size());
  const std::int64_t y_step = product(conv.out, axis + 1, conv.out.size());
  const bool innermost = axis + 1 == conv.in.size();
  for (std::int64_t s = first; s < last; ++s) {
    const std::int64_t l = s * stride + shift;
    const T* from = x + (conv.transposed ? s : l) * x_step;
    T* to = y + (conv.transposed ? l : s) * y_step;
    if (innermost)
      *to += weight * *from;
    else
      add_tap(conv, tap, axis + 1, weight, from, to);
  }
}

// One channel of x into one feature of y, all taps of w.
template <typename T>
void add_channel(const PlainConv& conv, const T* x, const T* w, T* y) {
  Shape tap(conv.window.rank(), 0);
  const std::int64_t taps = element_count(conv.window.kernel);
  for (std::int64_t t = 0; t < taps; ++t) {
    add_tap(conv, tap, 0, w[t], x, y);
    for (std::size_t axis = tap.size(); axis-- > 0;) {
      if (++tap[axis] < conv.window.kernel[axis]) break;
      tap[axis] = 0;
    }
  }
}

}  // namespace plain_conv

// x [images, channels, in], w in ONNX's layout, b [features] or null, residual as y or null,
// y [images, features, out].
template <typename T>
void run_plain_conv(const PlainConv& conv, const simd::Activation& activation, const T* x,
                    const T* w, const T* b, const T* residual, T* y, Parallel& parallel) {
  const std::int64_t in = element_count(conv.in), out = element_count(conv.out);
  const std::int64_t taps = element_count(conv.window.kernel);
  const std::int64_t depth = conv.channels / conv.group, width = conv.features / conv.group;
  parallel.chunks(conv.images * conv.features, [&](std::int64_t chunk, int) {
    const std::int64_t image = chunk / conv.features, m = chunk % conv.features;
    const std::int64_t group = m / width;
    T* to = y + chunk * out;
    std::fill(to, to + out, b != nullptr ? b[m] : T(0));
    for (std::int64_t c = 0; c < depth; ++c) {
      const std::int64_t channel = group * depth + c;
      const std::int64_t row = conv.transposed ? channel * width + m % width : m * depth + c;
      plain_conv::add_channel(conv, x + (image * conv.channels + channel) * in, w + row * taps, to);
    }
    if (residual != nullptr)
      for (std::int64_t i = 0; i < out; ++i) to[i] += residual[chunk * out + i];
    if (activation.kind != simd::ActivationKind::None)
      for (std::int64_t i = 0; i < out; ++i) to[i] = static_cast<T>(activate(activation, to[i]));
  });
}

}  // namespace keel
