// Sliding windows: the attributes that convolutions and pools share, and the sizes that follow.
#pragma once

#include "runtime/graph.h"

namespace keel {

enum class AutoPad { NotSet, SameUpper, SameLower, Valid };

// One entry per spatial axis. Every entry is below 2^31, so that products of two fit 64 bits.
struct Window {
  Shape kernel;  // an entry may be kUnknownDim while types are inferred
  Shape strides, dilations;
  Shape pads;  // [begins..., ends...]; what auto_pad asks for only after resolve_pads
  AutoPad auto_pad = AutoPad::NotSet;
  bool ceil_mode = false;

  std::size_t rank() const { return kernel.size(); }
  // Input positions that a window spans, gaps of dilation included.
  std::int64_t extent(std::size_t i) const { return (kernel[i] - 1) * dilations[i] + 1; }
};

// The window of a node from strides, dilations, pads, auto_pad and ceil_mode. Throws
// Error(MalformedModel) naming the attribute where lengths or values are wrong.
Window window_of(const Node& node, Shape kernel);

// The attribute `name`: `length` values in [lowest, 2^31), each `fallback` where it is absent.
Shape window_attribute(const Node& node, const char* name, std::size_t length,
                       std::int64_t fallback, std::int64_t lowest);

// The attribute kernel_shape, which must be present.
Shape kernel_shape_of(const Node& node);

// How many windows fit along axis i of an input with `in` positions. Unknown in, unknown out,
// unless the window keeps the size. Throws Error(BadInput) where not even one fits.
Dim window_count(const Node& node, const Window& window, std::size_t i, Dim in);

// The kernel of a node with weights [.., .., kernel]: their own, which kernel_shape must repeat.
Shape kernel_of_weights(const Node& node, const Shape& w_dims);

// The dims behind N and C.
inline Shape spatial_of(const Shape& dims) { return Shape(dims.begin() + 2, dims.end()); }

// Replaces auto_pad by the pads it means for these spatial sizes.
void resolve_pads(Window& window, const Shape& spatial);

}  // namespace keel
