// Sliding windows: what convolutions and pools have in common.
#pragma once

#include "tests/oracle/call.h"

namespace keel::oracle {

// One entry per spatial axis.
struct Window {
  Indices kernel, strides, dilations, begin, end;  // begin, end: padding
  Indices out;                                     // sizes of the result

  std::int64_t extent(std::size_t axis) const { return dilations[axis] * (kernel[axis] - 1) + 1; }
};

// From the attributes of the node, for an input [N, C, spatial...]; auto_pad resolved.
Window window(const Call& c, const Shape& input, const Indices& kernel);

// Everything widened to three spatial axes with sizes of 1 in front.
Window in_3d(Window w);
Indices spatial_3d(const Shape& shape);

}  // namespace keel::oracle
