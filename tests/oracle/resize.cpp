// Resize: one axis after another, each output position a weighted sum of input positions.
#include <algorithm>
#include <cmath>
#include <string_view>

#include "runtime/tensor.h"
#include "tests/oracle/call.h"

namespace keel::oracle {
namespace {

struct Settings {
  std::string mode, coordinates, nearest;
  double cubic_a, extrapolation;
  bool exclude_outside, antialias;
};

Settings settings(const Node& node) {
  return {node.string_or("mode", "nearest"),
          node.string_or("coordinate_transformation_mode", "half_pixel"),
          node.string_or("nearest_mode", "round_prefer_floor"),
          node.float_or("cubic_coeff_a", -0.75f),
          node.float_or("extrapolation_value", 0),
          node.int_or("exclude_outside", 0) != 0,
          node.int_or("antialias", 0) != 0};
}

struct Axis {
  std::int64_t in, out;
  double scale, roi_begin, roi_end;
};

// Where output position `o` lies in the input.
double original(const Settings& s, const Axis& a, std::int64_t o) {
  const auto x = static_cast<double>(o), in = static_cast<double>(a.in);
  const auto out = static_cast<double>(a.out);
  if (s.coordinates == "asymmetric") return x / a.scale;
  if (s.coordinates == "align_corners") {
    const double resized = a.scale * in;
    return resized == 1 ? 0 : x * (in - 1) / (resized - 1);
  }
  if (s.coordinates == "tf_crop_and_resize") {
    const double span = (a.roi_end - a.roi_begin) * (in - 1);
    if (a.out == 1) return 0.5 * (a.roi_begin + a.roi_end) * (in - 1);
    return a.roi_begin * (in - 1) + x * span / (out - 1);
  }
  if (s.coordinates == "tf_half_pixel_for_nn") return (x + 0.5) / a.scale;  // opset 11 only
  const double half_pixel = (x + 0.5) / a.scale - 0.5;
  if (s.coordinates == "pytorch_half_pixel") return a.out > 1 ? half_pixel : 0;
  if (s.coordinates == "half_pixel_symmetric")
    return in / 2 * (1 - out / (a.scale * in)) + half_pixel;
  return half_pixel;
}

double cubic(double x, double a) {
  x = std::fabs(x);
  if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0;
}

struct Sample {
  Indices positions;
  std::vector<double> weights;
  bool outside = false;  // takes the extrapolation value instead
};

std::int64_t nearest(const Settings& s, double x) {
  const double rounded = s.nearest == "round_prefer_ceil" ? std::floor(x + 0.5)
                         : s.nearest == "floor"           ? std::floor(x)
                         : s.nearest == "ceil"            ? std::ceil(x)
                                                          : std::ceil(x - 0.5);
  return static_cast<std::int64_t>(rounded);
}

// Antialiasing stretches the kernel by 1 / scale where the axis shrinks.
Sample sample(const Settings& s, const Axis& a, std::int64_t o) {
  const double x = original(s, a, o);
  const auto clamped = [&](std::int64_t i) { return std::clamp<std::int64_t>(i, 0, a.in - 1); };
  Sample out;
  out.outside = s.coordinates == "tf_crop_and_resize" && (x < 0 || x > a.in - 1);
  if (s.mode == "nearest") return {{clamped(nearest(s, x))}, {1}, out.outside};
  const double stretch = s.antialias ? std::min(a.scale, 1.0) : 1;
  const int radius = s.mode == "cubic" ? 2 : 1;
  const auto reach = static_cast<std::int64_t>(std::ceil(radius / stretch));
  double sum = 0;
  for (std::int64_t i = static_cast<std::int64_t>(std::floor(x)) - reach + 1;
       i <= static_cast<std::int64_t>(std::floor(x)) + reach; ++i) {
    if (s.exclude_outside && (i < 0 || i >= a.in)) continue;
    const double distance = (static_cast<double>(i) - x) * stretch;
    const double weight =
        radius == 2 ? cubic(distance, s.cubic_a) : std::max(0.0, 1 - std::fabs(distance));
    out.positions.push_back(clamped(i));
    out.weights.push_back(weight);
    sum += weight;
  }
  for (double& weight : out.weights) weight /= sum;
  return out;
}

Array along(const Array& x, std::int64_t axis, const Settings& s, const Axis& a) {
  Shape shape = x.shape;
  shape[axis] = a.out;
  Array out(x.type, shape);
  const AxisView from(x.shape, axis), to(shape, axis);
  for (std::int64_t i = 0; i < a.out; ++i) {
    const Sample picked = sample(s, a, i);
    for (std::int64_t o = 0; o < to.outer; ++o)
      for (std::int64_t in = 0; in < to.inner; ++in) {
        double value = 0;
        for (std::size_t k = 0; k < picked.positions.size(); ++k)
          value += picked.weights[k] * x.reals[from.at(o, picked.positions[k], in)];
        out.reals[to.at(o, i, in)] = picked.outside ? s.extrapolation : value;
      }
  }
  return out;
}

// `sizes` under the aspect ratio policy: the one scale for all axes that keeps the result within
// (not_larger) or beyond (not_smaller) the sizes asked for.
void keep_aspect_ratio(const Call& c, std::vector<Axis>& axes, const std::vector<bool>& named) {
  const std::string policy = c.node.string_or("keep_aspect_ratio_policy", "stretch");
  if (policy == "stretch") return;
  double scale = -1;
  for (std::size_t i = 0; i < axes.size(); ++i) {
    if (!named[i]) continue;
    const bool better = policy == "not_larger" ? axes[i].scale < scale : axes[i].scale > scale;
    if (scale < 0 || better) scale = axes[i].scale;
  }
  for (std::size_t i = 0; i < axes.size(); ++i) {
    if (!named[i]) continue;
    axes[i].scale = scale;
    axes[i].out =
        static_cast<std::int64_t>(std::floor(scale * static_cast<double>(axes[i].in) + 0.5));
  }
}

std::vector<Axis> resized_axes(const Call& c, bool crop) {
  const Shape& x = c[0].shape;
  std::vector<Axis> out;
  for (const std::int64_t n : x) out.push_back({n, n, 1, 0, 1});
  Indices axes = c.node.ints_or("axes", {});
  if (axes.empty())
    for (std::size_t i = 0; i < x.size(); ++i) axes.push_back(static_cast<std::int64_t>(i));
  const bool by_scale = c.has(2) && c[2].size() > 0;
  std::vector<bool> named(x.size());
  for (std::size_t i = 0; i < axes.size(); ++i) {
    const std::int64_t axis = c.axis(axes[i], c[0].rank());
    Axis& a = out[axis];
    named[axis] = true;
    if (crop) {
      a.roi_begin = c[1].number(static_cast<std::int64_t>(i));
      a.roi_end = c[1].number(static_cast<std::int64_t>(i + axes.size()));
    }
    const auto in = static_cast<double>(a.in);
    a.scale = by_scale ? c[2].reals[i] : static_cast<double>(c[3].ints[i]) / in;
    a.out = by_scale
                ? static_cast<std::int64_t>(std::floor(in * (a.roi_end - a.roi_begin) * a.scale))
                : c[3].ints[i];
  }
  if (!by_scale) keep_aspect_ratio(c, out, named);
  return out;
}

// Rounded to nearest even, and kept within the range of an integer type.
double saturated(DataType type, double value) {
  const std::string_view name = data_type_name(type);
  const auto bits = static_cast<int>(element_bits(type));
  const double low = name[0] == 'u' || name == "bool" ? 0 : -std::ldexp(1, bits - 1);
  const double high = std::ldexp(1, low < 0 ? bits - 1 : bits) - 1;
  return std::clamp(std::nearbyint(value), low, high);
}

Arrays resize(const Call& c) {
  const Settings s = settings(c.node);
  const bool crop = s.coordinates == "tf_crop_and_resize";
  const std::vector<Axis> axes = resized_axes(c, crop);
  Array x(DataType::Double, c[0].shape);
  for (std::int64_t i = 0; i < x.size(); ++i) x.reals[i] = c[0].number(i);
  for (std::size_t i = 0; i < axes.size(); ++i)
    if (axes[i].scale != 1 || axes[i].out != axes[i].in || crop)
      x = along(x, static_cast<std::int64_t>(i), s, axes[i]);
  Array out(c[0].type, x.shape);
  for (std::int64_t i = 0; i < out.size(); ++i)
    out.set_number(i, out.is_integer() ? saturated(out.type, x.reals[i]) : x.reals[i]);
  return {out};
}

}  // namespace

void add_resize(Table& table) { table["Resize"] = resize; }

}  // namespace keel::oracle
