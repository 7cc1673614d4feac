// Conv and ConvTranspose of any rank, group, stride, dilation and padding.
#include <algorithm>

#include "tests/oracle/window.h"

namespace keel::oracle {
namespace {

// The range of o in [0, n) with 0 <= o * stride + offset < limit.
struct Range {
  std::int64_t begin, end;
};
Range inside(std::int64_t n, std::int64_t stride, std::int64_t offset, std::int64_t limit) {
  std::int64_t begin = offset < 0 ? (-offset + stride - 1) / stride : 0;
  std::int64_t end = limit - offset <= 0 ? 0 : (limit - offset - 1) / stride + 1;
  end = std::min(end, n);
  return {std::min(begin, end), end};
}

// One tap: calls row(o, i, count) for runs of `count` positions along the last axis, where window
// position o + j meets input position i + j * stride.
template <typename Row>
void for_each_row(const Window& w, const Indices& in, const std::int64_t (&tap)[3], Row row) {
  Range r[3];
  std::int64_t offset[3];
  for (int a = 0; a < 3; ++a) {
    offset[a] = tap[a] * w.dilations[a] - w.begin[a];
    r[a] = inside(w.out[a], w.strides[a], offset[a], in[a]);
  }
  for (std::int64_t d = r[0].begin; d < r[0].end; ++d)
    for (std::int64_t h = r[1].begin; h < r[1].end; ++h) {
      const std::int64_t id = d * w.strides[0] + offset[0], ih = h * w.strides[1] + offset[1];
      const std::int64_t iw = r[2].begin * w.strides[2] + offset[2];
      row((d * w.out[1] + h) * w.out[2] + r[2].begin, (id * in[1] + ih) * in[2] + iw,
          r[2].end - r[2].begin);
    }
}

// Calls f(tap, flat index of the tap) for every kernel position.
template <typename F>
void for_each_tap(const Window& w, F f) {
  std::int64_t flat = 0;
  for (std::int64_t kd = 0; kd < w.kernel[0]; ++kd)
    for (std::int64_t kh = 0; kh < w.kernel[1]; ++kh)
      for (std::int64_t kw = 0; kw < w.kernel[2]; ++kw) {
        const std::int64_t tap[3] = {kd, kh, kw};
        f(tap, flat++);
      }
}

void fill_bias(const Call& c, Array& out, std::int64_t plane) {
  if (!c.has(2)) return;
  const std::int64_t channels = out.shape[1];
  for (std::int64_t i = 0; i < out.size(); ++i) out.reals[i] = c[2].reals[i / plane % channels];
}

Indices kernel_of(const Call& c) {
  return c.node.ints_or("kernel_shape", Indices(c[1].shape.begin() + 2, c[1].shape.end()));
}

// Y[n, m, o] = B[m] + sum over c, k of X[n, c, o * stride + k * dilation - pad] * W[m, c, k]
Arrays conv(const Call& c) {
  const Array &X = c[0], &W = c[1];
  if (W.rank() != X.rank()) c.bad("X and W differ in rank");
  const std::int64_t group = c.node.int_or("group", 1);
  const std::int64_t M = W.shape[0], Cg = W.shape[1], C = X.shape[1];
  if (Cg * group != C || M % group != 0) c.bad("channels do not fit the groups");
  Window w = window(c, X.shape, kernel_of(c));
  Shape shape = {X.shape[0], M};
  shape.insert(shape.end(), w.out.begin(), w.out.end());
  w = in_3d(w);
  const Indices in = spatial_3d(X.shape);
  const std::int64_t taps = count(w.kernel), plane = count(w.out), in_plane = count(in);
  Array Y(X.type, shape);
  fill_bias(c, Y, plane);
  for (std::int64_t nm = 0; nm < X.shape[0] * M; ++nm) {
    const std::int64_t n = nm / M, m = nm % M, first = m / (M / group) * Cg;
    double* y = Y.reals.data() + nm * plane;
    for (std::int64_t ci = 0; ci < Cg; ++ci) {
      const double* x = X.reals.data() + (n * C + first + ci) * in_plane;
      const double* kernel = W.reals.data() + (m * Cg + ci) * taps;
      for_each_tap(w, [&](const std::int64_t(&tap)[3], std::int64_t k) {
        const double weight = kernel[k];
        const std::int64_t stride = w.strides[2];
        for_each_row(w, in, tap, [&](std::int64_t o, std::int64_t i, std::int64_t length) {
          for (std::int64_t j = 0; j < length; ++j) y[o + j] += weight * x[i + j * stride];
        });
      });
    }
  }
  return {Y};
}

// Pads and sizes of the result of ConvTranspose. w.out becomes X's spatial sizes: seen from the
// result, X is the output of a convolution.
Shape transposed_sizes(const Call& c, Window& w, const Shape& x) {
  const std::size_t spatial = x.size() - 2;
  const Indices extra = c.node.ints_or("output_padding", Indices(spatial, 0));
  const std::string automatic = c.node.string_or("auto_pad", "NOTSET");
  const bool same = automatic == "SAME_UPPER" || automatic == "SAME_LOWER";
  Indices wanted = c.node.ints_or("output_shape", {});
  if (wanted.size() > spatial) wanted.erase(wanted.begin(), wanted.end() - spatial);
  Shape out;
  for (std::size_t i = 0; i < spatial; ++i) {
    const std::int64_t full = w.strides[i] * (x[i + 2] - 1) + extra[i] + w.extent(i);
    if (wanted.empty() && !same) {
      if (automatic == "VALID") w.begin[i] = w.end[i] = 0;
      out.push_back(full - w.begin[i] - w.end[i]);
      continue;
    }
    out.push_back(wanted.empty() ? x[i + 2] * w.strides[i] : wanted[i]);
    const std::int64_t total = std::max<std::int64_t>(full - out[i], 0);
    w.begin[i] = automatic == "SAME_UPPER" ? total / 2 : total - total / 2;
    w.end[i] = total - w.begin[i];
  }
  w.out.assign(x.begin() + 2, x.end());
  return out;
}

// Y[n, m, i * stride + k * dilation - pad] += X[n, c, i] * W[c, m, k]
Arrays conv_transpose(const Call& c) {
  const Array &X = c[0], &W = c[1];
  if (W.rank() != X.rank()) c.bad("X and W differ in rank");
  const std::int64_t group = c.node.int_or("group", 1), C = X.shape[1], Mg = W.shape[1];
  if (W.shape[0] != C || C % group != 0) c.bad("channels do not fit the groups");
  Window w = window(c, X.shape, kernel_of(c));
  const Shape sizes = transposed_sizes(c, w, X.shape);
  Shape shape = {X.shape[0], Mg * group};
  shape.insert(shape.end(), sizes.begin(), sizes.end());
  w = in_3d(w);
  const Indices out = spatial_3d(shape);
  const std::int64_t taps = count(w.kernel), plane = count(out), in_plane = count(w.out);
  Array Y(X.type, shape);
  fill_bias(c, Y, plane);
  for (std::int64_t nc = 0; nc < X.shape[0] * C; ++nc) {
    const std::int64_t n = nc / C, ci = nc % C, first = ci / (C / group) * Mg;
    const double* x = X.reals.data() + nc * in_plane;
    for (std::int64_t m = 0; m < Mg; ++m) {
      double* y = Y.reals.data() + (n * Mg * group + first + m) * plane;
      const double* kernel = W.reals.data() + (ci * Mg + m) * taps;
      for_each_tap(w, [&](const std::int64_t(&tap)[3], std::int64_t k) {
        const double weight = kernel[k];
        const std::int64_t stride = w.strides[2];
        for_each_row(w, out, tap, [&](std::int64_t o, std::int64_t i, std::int64_t length) {
          for (std::int64_t j = 0; j < length; ++j) y[i + j * stride] += weight * x[o + j];
        });
      });
    }
  }
  return {Y};
}

}  // namespace

void add_convolutions(Table& table) {
  table["Conv"] = conv;
  table["ConvTranspose"] = conv_transpose;
}

}  // namespace keel::oracle
