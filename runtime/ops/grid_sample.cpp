// GridSample: y[n, c, o] is x[n, c] interpolated at the position grid[n, o] of its spatial axes,
// for one to three of them. Positions are normalised to [-1, 1]; the last coordinate is that of the
// first spatial axis.
//
// The elements that take part (taps) and their weights are found once per position and used for all
// channels.
#include <algorithm>
#include <cmath>

#include "runtime/dims.h"
#include "runtime/error.h"
#include "runtime/op.h"

namespace keel::ops {
namespace {

enum class Mode { Nearest, Linear, Cubic };
enum class Padding { Zeros, Border, Reflection };

constexpr std::int64_t kMostAxes = 3, kMostTaps = 64;

Mode mode_of(const Node& node) {
  const std::string mode = node.string_or("mode", "linear");
  if (mode == "nearest") return Mode::Nearest;
  if (mode == "linear" || mode == "bilinear") return Mode::Linear;
  if (mode == "cubic" || mode == "bicubic") return Mode::Cubic;
  node.fail_attribute("mode", "expected nearest, linear or cubic, got '" + printable(mode) + "'");
}

Padding padding_of(const Node& node) {
  const std::string padding = node.string_or("padding_mode", "zeros");
  if (padding == "zeros") return Padding::Zeros;
  if (padding == "border") return Padding::Border;
  if (padding == "reflection") return Padding::Reflection;
  node.fail_attribute("padding_mode",
                      "expected zeros, border or reflection, got '" + printable(padding) + "'");
}

void infer(InferContext& context) {
  const Node& node = context.node;
  for (std::size_t i = 0; i < 2; ++i)
    context.expect_type(i,
                        {DataType::Float, DataType::Double, DataType::Float16, DataType::BFloat16});
  context.expect_rank(0, 3, 2 + kMostAxes);
  context.expect_rank(1, context.rank(0), context.rank(0));
  mode_of(node);
  padding_of(node);
  const std::int64_t rank = context.rank(0);
  if (dims_clash(context.dim(0, 0), context.dim(1, 0)))
    node.fail(ErrorCode::BadInput,
              str("grid: expected a batch of ", context.dim(0, 0), ", got ", context.dim(1, 0)));
  if (dims_clash(context.dim(1, rank - 1), rank - 2))
    node.fail(ErrorCode::BadInput,
              str("grid: expected ", rank - 2, " coordinates, got ", context.dim(1, rank - 1)));
  Shape dims = {context.dim(0, 0), context.dim(0, 1)};
  for (std::int64_t k = 1; k < rank - 1; ++k) dims.push_back(context.dim(1, k));
  context.set_output(0, context.type(0), std::move(dims));
}

struct Sampler {
  Mode mode;
  Padding padding;
  bool align_corners;
  Shape sizes, strides;  // of the spatial axes of x
};

// One axis: up to four positions and their weights; -1 for one that counts as zero.
struct AxisTaps {
  int count = 1;
  std::int64_t at[4] = {};
  double weight[4] = {1, 0, 0, 0};
};

struct Taps {
  int count = 0;
  std::int64_t at[kMostTaps];
  double weight[kMostTaps];
};

// Mirrors x at both ends of [low, high] until it lies within.
double reflected(double x, double low, double high) {
  const double range = high - low;
  if (range <= 0) return low;
  const double offset = std::fmod(std::abs(x - low), 2 * range);
  return low + (offset > range ? 2 * range - offset : offset);
}

double into_range(const Sampler& sampler, double x, std::int64_t size) {
  const double low = sampler.align_corners ? 0 : -0.5, high = static_cast<double>(size - 1) - low;
  if (sampler.padding == Padding::Zeros || (x >= low && x <= high)) return x;
  if (sampler.padding == Padding::Reflection) return reflected(x, low, high);
  return std::clamp(x, 0.0, static_cast<double>(size - 1));
}

std::int64_t tap_at(const Sampler& sampler, double position, std::int64_t size) {
  if (position >= 0 && position < static_cast<double>(size))
    return static_cast<std::int64_t>(position);
  if (sampler.padding == Padding::Zeros) return -1;
  return std::clamp<std::int64_t>(static_cast<std::int64_t>(into_range(sampler, position, size)), 0,
                                  size - 1);
}

// Keys' kernel with a = -0.75 at the distances 1 + t, t, 1 - t, 2 - t.
void cubic_weights(double t, double (&weight)[4]) {
  constexpr double a = -0.75;
  const auto near = [](double d) { return ((a + 2) * d - (a + 3)) * d * d + 1; };
  const auto far = [](double d) { return ((a * d - 5 * a) * d + 8 * a) * d - 4 * a; };
  weight[0] = far(1 + t);
  weight[1] = near(t);
  weight[2] = near(1 - t);
  weight[3] = far(2 - t);
}

AxisTaps axis_taps(const Sampler& sampler, double normalised, std::int64_t size) {
  AxisTaps taps;
  const auto n = static_cast<double>(size);
  double x =
      sampler.align_corners ? (normalised + 1) / 2 * (n - 1) : ((normalised + 1) * n - 1) / 2;
  if (!std::isfinite(x))
    x = sampler.padding == Padding::Zeros || std::isnan(x) ? -10 : std::copysign(n + 10, x);
  if (sampler.mode == Mode::Nearest) x = std::nearbyint(x);
  x = into_range(sampler, x, size);
  const double base = sampler.mode == Mode::Nearest ? std::nearbyint(x) : std::floor(x);
  const double t = x - base;
  double first = base;
  if (sampler.mode == Mode::Linear) {
    taps.count = 2;
    taps.weight[0] = 1 - t;
    taps.weight[1] = t;
  } else if (sampler.mode == Mode::Cubic) {
    taps.count = 4;
    first = base - 1;
    cubic_weights(t, taps.weight);
  }
  for (int i = 0; i < taps.count; ++i) taps.at[i] = tap_at(sampler, first + i, size);
  return taps;
}

// The product of the taps of all axes; position(k) is the normalised coordinate of axis k.
template <typename Position>
Taps find_taps(const Sampler& sampler, const Position& position) {
  Taps taps;
  taps.count = 1;
  taps.at[0] = 0;
  taps.weight[0] = 1;
  for (std::size_t k = 0; k < sampler.sizes.size(); ++k) {
    const AxisTaps axis = axis_taps(sampler, position(k), sampler.sizes[k]);
    Taps next;
    for (int i = 0; i < taps.count; ++i)
      for (int j = 0; j < axis.count; ++j) {
        if (axis.at[j] < 0 || axis.weight[j] == 0) continue;
        next.at[next.count] = taps.at[i] + axis.at[j] * sampler.strides[k];
        next.weight[next.count++] = taps.weight[i] * axis.weight[j];
      }
    taps = next;
  }
  return taps;
}

template <typename T>
void run(const Sampler& sampler, RunContext& context) {
  const TensorRef &x = context.input(0), &y = context.output(0);
  const std::int64_t channels = x.dims[1], plane = product(x.dims, 2, x.dims.size());
  const std::int64_t points = product(y.dims, 2, y.dims.size());
  const auto axes = static_cast<std::int64_t>(sampler.sizes.size());
  const bool wide_grid = context.input(1).type == DataType::Double;
  const std::int64_t grain = std::max<std::int64_t>((4 << 10) / (channels + 8), 1);
  context.parallel.ranges(x.dims[0] * points, grain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t p = begin; p < end; ++p) {
      const Taps taps = find_taps(sampler, [&](std::size_t k) {
        const std::int64_t at = (p + 1) * axes - 1 - static_cast<std::int64_t>(k);
        return wide_grid ? context.in<double>(1)[at] : double{context.in<float>(1)[at]};
      });
      const T* from = x.as<T>() + p / points * channels * plane;
      T* to = y.as<T>() + p / points * channels * points + p % points;
      for (std::int64_t c = 0; c < channels; ++c) {
        double sum = 0;
        for (int i = 0; i < taps.count; ++i)
          sum += taps.weight[i] * static_cast<double>(from[c * plane + taps.at[i]]);
        to[c * points] = static_cast<T>(sum);
      }
    }
  });
}

Kernel prepare(const PrepareContext& context) {
  const TensorRef& x = context.inputs[0];
  Sampler sampler{mode_of(context.node),
                  padding_of(context.node),
                  context.node.int_or("align_corners", 0) != 0,
                  Shape(x.dims.begin() + 2, x.dims.end()),
                  {}};
  for (std::int64_t size : sampler.sizes)
    if (size == 0 && context.outputs[0].size() > 0)
      context.node.fail(ErrorCode::BadInput, "X has nothing to sample: " + to_string(x.dims));
  sampler.strides = strides_of(sampler.sizes);
  const bool wide = x.type == DataType::Double;
  Kernel kernel;
  kernel.name = "grid sample";
  kernel.run = [sampler, wide](RunContext& context) {
    if (wide)
      run<double>(sampler, context);
    else
      run<float>(sampler, context);
  };
  return kernel;
}

}  // namespace

void grid_sample(OpTable& table) {
  OpDef def;
  def.name = "GridSample";
  def.infer = infer;
  def.prepare = prepare;
  def.half_through_float = true;
  table.add(def);
}

}  // namespace keel::ops
