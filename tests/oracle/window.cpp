#include "tests/oracle/window.h"

#include <algorithm>

namespace keel::oracle {
namespace {

std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return a / b + (a % b > 0); }
std::int64_t floor_div(std::int64_t a, std::int64_t b) { return a / b - (a % b < 0); }

// Explicit padding: floor or ceil((in + pads - extent) / stride) + 1, where a window may not start
// in the padding at the end.
std::int64_t explicit_size(const Window& w, std::size_t axis, std::int64_t in, bool ceil) {
  const std::int64_t room = in + w.begin[axis] + w.end[axis] - w.extent(axis);
  const std::int64_t stride = w.strides[axis];
  std::int64_t out = (ceil ? ceil_div(room, stride) : floor_div(room, stride)) + 1;
  if (ceil && (out - 1) * stride >= in + w.begin[axis]) --out;
  return std::max<std::int64_t>(out, 0);
}

}  // namespace

Window window(const Call& c, const Shape& input, const Indices& kernel) {
  if (input.size() < 3) c.bad("an input [N, C, spatial...] is wanted");
  const std::size_t spatial = input.size() - 2;
  if (kernel.size() != spatial) c.bad("kernel_shape does not fit the input's rank");
  Window w;
  w.kernel = kernel;
  w.strides = c.node.ints_or("strides", Indices(spatial, 1));
  w.dilations = c.node.ints_or("dilations", Indices(spatial, 1));
  const Indices pads = c.node.ints_or("pads", Indices(2 * spatial, 0));
  w.begin.assign(pads.begin(), pads.begin() + static_cast<std::ptrdiff_t>(spatial));
  w.end.assign(pads.begin() + static_cast<std::ptrdiff_t>(spatial), pads.end());
  const std::string automatic = c.node.string_or("auto_pad", "NOTSET");
  const bool ceil = c.node.int_or("ceil_mode", 0) != 0;
  for (std::size_t i = 0; i < spatial; ++i) {
    const std::int64_t in = input[i + 2];
    if (automatic == "SAME_UPPER" || automatic == "SAME_LOWER") {
      w.out.push_back(ceil_div(in, w.strides[i]));
      const std::int64_t total =
          std::max<std::int64_t>((w.out[i] - 1) * w.strides[i] + w.extent(i) - in, 0);
      w.begin[i] = automatic == "SAME_UPPER" ? total / 2 : total - total / 2;
      w.end[i] = total - w.begin[i];
      continue;
    }
    if (automatic == "VALID") w.begin[i] = w.end[i] = 0;
    w.out.push_back(explicit_size(w, i, in, ceil));
  }
  return w;
}

Window in_3d(Window w) {
  const auto widen = [](Indices& values, std::int64_t filler) {
    while (values.size() < 3) values.insert(values.begin(), filler);
  };
  for (Indices* ones : {&w.kernel, &w.strides, &w.dilations, &w.out}) widen(*ones, 1);
  for (Indices* zeros : {&w.begin, &w.end}) widen(*zeros, 0);
  return w;
}

Indices spatial_3d(const Shape& shape) {
  Indices out(shape.begin() + 2, shape.end());
  while (out.size() < 3) out.insert(out.begin(), 1);
  return out;
}

}  // namespace keel::oracle
