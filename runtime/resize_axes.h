// Resize, one axis at a time: from attributes, roi, scales and sizes to tables that say which input
// positions an output position is made of.
#pragma once

#include <optional>
#include <vector>

#include "runtime/graph.h"

namespace keel {

struct ResizeAttributes {
  enum class Mode { Nearest, Linear, Cubic };
  enum class Coordinates {
    HalfPixel,
    HalfPixelSymmetric,
    PytorchHalfPixel,
    AlignCorners,
    Asymmetric,
    TfHalfPixelForNn,
    TfCropAndResize,
  };
  enum class Nearest { RoundPreferFloor, RoundPreferCeil, Floor, Ceil };
  enum class Policy { Stretch, NotLarger, NotSmaller };

  Mode mode = Mode::Nearest;
  Coordinates coordinates = Coordinates::HalfPixel;
  Nearest nearest = Nearest::RoundPreferFloor;
  Policy policy = Policy::Stretch;
  bool antialias = false, exclude_outside = false;
  double cubic_a = -0.75, extrapolation = 0;

  bool crops() const { return coordinates == Coordinates::TfCropAndResize; }
};

// Throws Error(MalformedModel) naming the attribute for a value that is not known.
ResizeAttributes resize_attributes(const Node& node);

// One axis: sizes, and the part [start, end] of the input, as fractions, that it shows.
struct ResizeAxis {
  Dim in = 0, out = 0;
  double scale = 1;      // output positions for an input position
  double out_width = 0;  // in * scale before it was rounded to `out`
  double start = 0, end = 1;
};

// What the inputs of a node say; nullopt where not known (or absent).
struct ResizeInputs {
  std::optional<std::vector<double>> roi;
  std::optional<std::vector<float>> scales;
  std::optional<std::vector<std::int64_t>> sizes;
};

// Every axis of x. Sizes that cannot be told are kUnknownDim. Throws Error(BadInput) for values
// that are no sizes or scales, or not as many as there are axes.
std::vector<ResizeAxis> resize_axes(const Node& node, const ResizeAttributes& attributes,
                                    const Shape& x, const ResizeInputs& inputs);

// Output position j is the sum over t < taps of weight[j][t] * input[index[j][t]].
struct ResizeTable {
  std::int64_t in = 0, out = 0, taps = 1;
  bool identity = false;            // the tables are empty then
  std::vector<std::int64_t> index;  // [out][taps], in [0, in)
  std::vector<float> weight;        // [out][taps]; empty for nearest
  std::vector<double> exact;        // the same weights before rounding
  std::vector<char> outside;        // [out]: extrapolation_value instead; empty: nowhere
};

ResizeTable resize_table(const Node& node, const ResizeAttributes& attributes,
                         const ResizeAxis& axis);

}  // namespace keel
