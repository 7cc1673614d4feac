#include "runtime/resize_axes.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "runtime/error.h"
#include "runtime/tensor.h"

namespace keel {
namespace {

using Mode = ResizeAttributes::Mode;
using Coordinates = ResizeAttributes::Coordinates;
using Nearest = ResizeAttributes::Nearest;
using Policy = ResizeAttributes::Policy;

template <typename T>
T choice(const Node& node, const char* name, const char* fallback,
         const std::vector<std::pair<const char*, T>>& values) {
  const std::string text = node.string_or(name, fallback);
  std::string names;
  for (const auto& [value_name, value] : values) {
    if (text == value_name) return value;
    names += (names.empty() ? "" : ", ") + std::string(value_name);
  }
  node.fail_attribute(name, "expected one of " + names + ", got " + printable(text));
}

// The axes that roi, scales and sizes speak of, in their order.
std::vector<std::size_t> chosen_axes(const Node& node, std::size_t rank) {
  std::vector<std::size_t> axes;
  if (!node.has("axes")) {
    for (std::size_t i = 0; i < rank; ++i) axes.push_back(i);
    return axes;
  }
  const auto signed_rank = static_cast<std::int64_t>(rank);
  for (std::int64_t axis : node.ints_or("axes", {})) {
    if (axis < -signed_rank || axis >= signed_rank)
      node.fail_attribute("axes", str("expected values in [", -signed_rank, ", ", signed_rank - 1,
                                      "], got ", axis));
    const auto index = static_cast<std::size_t>(axis < 0 ? axis + signed_rank : axis);
    if (std::find(axes.begin(), axes.end(), index) != axes.end())
      node.fail_attribute("axes", str("axis ", axis, " is named twice"));
    axes.push_back(index);
  }
  return axes;
}

void expect_count(const Node& node, const char* what, std::size_t got, std::size_t wanted) {
  if (got != wanted)
    node.fail(ErrorCode::BadInput, str(what, ": expected ", wanted, " values, got ", got));
}

// A size that came out as a real number.
Dim whole_size(const Node& node, double size) {
  constexpr double kLargest = 4503599627370496.0;  // 2^52
  if (!(size < kLargest))
    node.fail(ErrorCode::ResourceLimit, str("an axis would become ", size, " long"));
  return static_cast<Dim>(std::max(size, 0.0));
}

void apply_roi(const Node& node, const std::vector<double>& roi,
               const std::vector<std::size_t>& axes, std::vector<ResizeAxis>& result) {
  expect_count(node, "roi", roi.size(), 2 * axes.size());
  for (std::size_t i = 0; i < axes.size(); ++i) {
    result[axes[i]].start = roi[i];
    result[axes[i]].end = roi[axes.size() + i];
    if (!std::isfinite(roi[i]) || !std::isfinite(roi[axes.size() + i]))
      node.fail(ErrorCode::BadInput, "roi: expected finite values");
  }
}

void apply_scales(const Node& node, const ResizeAttributes& attributes,
                  const std::vector<float>& scales, const std::vector<std::size_t>& axes,
                  std::vector<ResizeAxis>& result) {
  expect_count(node, "scales", scales.size(), axes.size());
  for (std::size_t i = 0; i < axes.size(); ++i) {
    ResizeAxis& axis = result[axes[i]];
    if (!(scales[i] > 0) || !std::isfinite(scales[i]))
      node.fail(ErrorCode::BadInput, str("scales: expected a positive number, got ", scales[i]));
    axis.scale = static_cast<double>(scales[i]);
    if (axis.in < 0) {
      axis.out = scales[i] == 1.0f && !attributes.crops() ? axis.in : kUnknownDim;
      continue;
    }
    // In float, as ONNX's shape inference has it: 10 * 0.7f is 7.
    float width = static_cast<float>(axis.in) * scales[i];
    if (attributes.crops()) width *= static_cast<float>(axis.end - axis.start);
    axis.out = whole_size(node, static_cast<double>(std::floor(width)));
    axis.out_width = static_cast<double>(width);
  }
}

void apply_sizes(const Node& node, const ResizeAttributes& attributes,
                 const std::vector<std::int64_t>& sizes, const std::vector<std::size_t>& axes,
                 std::vector<ResizeAxis>& result) {
  expect_count(node, "sizes", sizes.size(), axes.size());
  double common = attributes.policy == Policy::NotLarger ? HUGE_VAL : 0;
  bool known = true;
  for (std::size_t i = 0; i < axes.size(); ++i) {
    ResizeAxis& axis = result[axes[i]];
    if (sizes[i] < 0)
      node.fail(ErrorCode::BadInput, str("sizes: expected no negative value, got ", sizes[i]));
    axis.out = sizes[i];
    axis.out_width = static_cast<double>(sizes[i]);
    known = known && axis.in > 0;
    if (axis.in > 0) axis.scale = axis.out_width / static_cast<double>(axis.in);
    common = attributes.policy == Policy::NotLarger ? std::min(common, axis.scale)
                                                    : std::max(common, axis.scale);
  }
  if (attributes.policy == Policy::Stretch) return;
  for (std::size_t i : axes) {
    ResizeAxis& axis = result[i];
    axis.scale = common;
    axis.out_width = common * static_cast<double>(axis.in);
    axis.out = known ? whole_size(node, std::floor(axis.out_width + 0.5)) : kUnknownDim;
  }
}

// Where output position j lies in the input.
double source_position(const ResizeAttributes& attributes, const ResizeAxis& axis, double j) {
  const double last = static_cast<double>(axis.in - 1);
  switch (attributes.coordinates) {
    case Coordinates::HalfPixel:
      return (j + 0.5) / axis.scale - 0.5;
    case Coordinates::HalfPixelSymmetric: {
      const double adjustment = static_cast<double>(axis.out) / axis.out_width;
      const double offset = static_cast<double>(axis.in) / 2 * (1 - adjustment);
      return offset + (j + 0.5) / axis.scale - 0.5;
    }
    case Coordinates::PytorchHalfPixel:
      return axis.out > 1 ? (j + 0.5) / axis.scale - 0.5 : 0;
    case Coordinates::AlignCorners:
      return axis.out > 1 ? j * last / (axis.out_width - 1) : 0;
    case Coordinates::Asymmetric:
      return j / axis.scale;
    case Coordinates::TfHalfPixelForNn:
      return (j + 0.5) / axis.scale;
    case Coordinates::TfCropAndResize:
      return axis.out > 1
                 ? axis.start * last + j * (axis.end - axis.start) * last / (axis.out_width - 1)
                 : 0.5 * (axis.start + axis.end) * last;
  }
  return 0;
}

double nearest_position(Nearest nearest, double x) {
  switch (nearest) {
    case Nearest::RoundPreferFloor:
      return std::ceil(x - 0.5);
    case Nearest::RoundPreferCeil:
      return std::floor(x + 0.5);
    case Nearest::Floor:
      return std::floor(x);
    case Nearest::Ceil:
      return std::ceil(x);
  }
  return x;
}

// The weight of an input position at distance d.
double filter(const ResizeAttributes& attributes, double d) {
  d = std::abs(d);
  if (attributes.mode == Mode::Linear) return std::max(1 - d, 0.0);
  const double a = attributes.cubic_a;
  if (d <= 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
  return d < 2 ? ((a * d - 5 * a) * d + 8 * a) * d - 4 * a : 0;
}

std::int64_t clamped(double position, std::int64_t in) {
  return static_cast<std::int64_t>(std::min(std::max(position, 0.0), static_cast<double>(in - 1)));
}

// Fills in row j of an interpolating table: positions x - support < p < x + support.
void add_weights(const ResizeAttributes& attributes, double x, double support, double squeeze,
                 std::int64_t j, ResizeTable& table) {
  const double first = std::floor(x - support) + 1;
  double sum = 0;
  for (std::int64_t t = 0; t < table.taps; ++t) {
    const double position = first + static_cast<double>(t);
    const bool inside = position >= 0 && position < static_cast<double>(table.in);
    const bool counts = inside || !attributes.exclude_outside;
    const double weight = counts ? filter(attributes, (position - x) * squeeze) : 0;
    const auto at = static_cast<std::size_t>(j * table.taps + t);
    table.index[at] = clamped(position, table.in);
    table.exact[at] = weight;
    sum += weight;
  }
  for (std::int64_t t = 0; t < table.taps; ++t) {
    const auto at = static_cast<std::size_t>(j * table.taps + t);
    if (sum != 0) table.exact[at] /= sum;
    table.weight[at] = static_cast<float>(table.exact[at]);
  }
}

bool is_identity(const ResizeTable& table) {
  if (table.in != table.out || table.taps != 1 || !table.outside.empty()) return false;
  for (std::int64_t j = 0; j < table.out; ++j)
    if (table.index[static_cast<std::size_t>(j)] != j) return false;
  return true;
}

}  // namespace

ResizeAttributes resize_attributes(const Node& node) {
  ResizeAttributes result;
  result.mode =
      choice<Mode>(node, "mode", "nearest",
                   {{"nearest", Mode::Nearest}, {"linear", Mode::Linear}, {"cubic", Mode::Cubic}});
  result.coordinates =
      choice<Coordinates>(node, "coordinate_transformation_mode", "half_pixel",
                          {{"half_pixel", Coordinates::HalfPixel},
                           {"half_pixel_symmetric", Coordinates::HalfPixelSymmetric},
                           {"pytorch_half_pixel", Coordinates::PytorchHalfPixel},
                           {"align_corners", Coordinates::AlignCorners},
                           {"asymmetric", Coordinates::Asymmetric},
                           {"tf_half_pixel_for_nn", Coordinates::TfHalfPixelForNn},
                           {"tf_crop_and_resize", Coordinates::TfCropAndResize}});
  result.nearest = choice<Nearest>(node, "nearest_mode", "round_prefer_floor",
                                   {{"round_prefer_floor", Nearest::RoundPreferFloor},
                                    {"round_prefer_ceil", Nearest::RoundPreferCeil},
                                    {"floor", Nearest::Floor},
                                    {"ceil", Nearest::Ceil}});
  result.policy = choice<Policy>(node, "keep_aspect_ratio_policy", "stretch",
                                 {{"stretch", Policy::Stretch},
                                  {"not_larger", Policy::NotLarger},
                                  {"not_smaller", Policy::NotSmaller}});
  result.antialias = node.int_or("antialias", 0) != 0;
  result.exclude_outside = node.int_or("exclude_outside", 0) != 0;
  result.cubic_a = static_cast<double>(node.float_or("cubic_coeff_a", -0.75f));
  result.extrapolation = static_cast<double>(node.float_or("extrapolation_value", 0));
  return result;
}

std::vector<ResizeAxis> resize_axes(const Node& node, const ResizeAttributes& attributes,
                                    const Shape& x, const ResizeInputs& inputs) {
  std::vector<ResizeAxis> result(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    result[i].in = result[i].out = x[i];
    result[i].out_width = static_cast<double>(x[i]);
  }
  const std::vector<std::size_t> axes = chosen_axes(node, x.size());
  if (attributes.crops() && inputs.roi) apply_roi(node, *inputs.roi, axes, result);
  const bool roi_missing = attributes.crops() && !inputs.roi;
  if (inputs.sizes) {
    apply_sizes(node, attributes, *inputs.sizes, axes, result);
  } else if (inputs.scales && !roi_missing) {
    apply_scales(node, attributes, *inputs.scales, axes, result);
  } else {
    for (std::size_t i : axes) result[i].out = kUnknownDim;
  }
  for (const ResizeAxis& axis : result)
    if (axis.in == 0 && axis.out > 0)
      node.fail(ErrorCode::BadInput, str("an empty axis cannot be resized to ", axis.out));
  return result;
}

ResizeTable resize_table(const Node& node, const ResizeAttributes& attributes,
                         const ResizeAxis& axis) {
  ResizeTable table;
  table.in = axis.in;
  table.out = axis.out;
  const bool whole = axis.start == 0 && axis.end == 1;
  table.identity =
      axis.in == axis.out && std::abs(axis.scale - 1) < 1e-9 && (whole || !attributes.crops());
  if (table.identity || axis.out == 0) return table;
  const bool nearest = attributes.mode == Mode::Nearest;
  // Stretched over all input positions that an output position stands for.
  const double squeeze = attributes.antialias ? std::min(axis.scale, 1.0) : 1;
  const double support = (attributes.mode == Mode::Cubic ? 2 : 1) / squeeze;
  constexpr double kMostTaps = 1 << 28;
  if (!nearest && support * static_cast<double>(axis.out) > kMostTaps)
    node.fail(ErrorCode::ResourceLimit, "the antialiasing filter is too wide");
  if (!nearest) table.taps = static_cast<std::int64_t>(std::ceil(2 * support));
  const auto entries = static_cast<std::size_t>(checked_mul(table.out, table.taps));
  table.index.resize(entries);
  if (!nearest) table.exact.resize(entries);
  if (!nearest) table.weight.resize(entries);
  std::vector<char> outside(static_cast<std::size_t>(axis.out), 0);
  bool any_outside = false;
  for (std::int64_t j = 0; j < axis.out; ++j) {
    const double x = source_position(attributes, axis, static_cast<double>(j));
    const bool beyond = attributes.crops() && !(x >= 0 && x <= static_cast<double>(axis.in - 1));
    outside[static_cast<std::size_t>(j)] = beyond;
    any_outside = any_outside || beyond;
    if (nearest)
      table.index[static_cast<std::size_t>(j)] =
          clamped(nearest_position(attributes.nearest, x), axis.in);
    else
      add_weights(attributes, x, support, squeeze, j, table);
  }
  if (any_outside) table.outside = std::move(outside);
  table.identity = is_identity(table);
  return table;
}

}  // namespace keel
