// RoiAlign: every region of interest divided into output_height x output_width bins; each bin is
// the mean (or, mode max, the largest weighted corner) of bilinear samples on a regular grid in it.
#include <algorithm>
#include <cmath>

#include "runtime/dims.h"
#include "runtime/error.h"
#include "runtime/op.h"

namespace keel::ops {
namespace {

constexpr std::int64_t kMostSamples = 4096;  // along one side of a bin

struct Settings {
  std::int64_t height, width;  // of the output
  std::int64_t samples;        // along one side of a bin; 0: as many as the bin has pixels
  double scale, offset;
  bool half_pixel, max;
};

Settings settings_of(const Node& node) {
  const auto word = [&](const char* name, const char* fallback, const char* other) {
    const std::string value = node.string_or(name, fallback);
    if (value != fallback && value != other)
      node.fail_attribute(
          name, str("expected ", fallback, " or ", other, ", got '", printable(value), "'"));
    return value == fallback;
  };
  Settings settings{};
  settings.height = node.int_or("output_height", 1);
  settings.width = node.int_or("output_width", 1);
  settings.samples = node.int_or("sampling_ratio", 0);
  settings.scale = node.float_or("spatial_scale", 1);
  settings.half_pixel = word("coordinate_transformation_mode", "half_pixel", "output_half_pixel");
  settings.offset = settings.half_pixel ? 0.5 : 0;
  settings.max = !word("mode", "avg", "max");
  if (settings.height < 1) node.fail_attribute("output_height", "expected at least 1");
  if (settings.width < 1) node.fail_attribute("output_width", "expected at least 1");
  if (settings.samples < 0 || settings.samples > kMostSamples)
    node.fail_attribute("sampling_ratio", str("expected 0 to ", kMostSamples));
  return settings;
}

void infer(InferContext& context) {
  const Node& node = context.node;
  context.expect_type(0,
                      {DataType::Float, DataType::Double, DataType::Float16, DataType::BFloat16});
  context.expect_rank(0, 4, 4);
  context.expect_type(1, {context.type(0)});
  context.expect_rank(1, 2, 2);
  context.expect_type(2, {DataType::Int64});
  context.expect_rank(2, 1, 1);
  if (dims_clash(context.dim(1, 1), 4))
    node.fail(ErrorCode::BadInput, str("rois: expected 4 coordinates, got ", context.dim(1, 1)));
  if (dims_clash(context.dim(1, 0), context.dim(2, 0)))
    node.fail(ErrorCode::BadInput, str("batch_indices: expected ", context.dim(1, 0),
                                       " values, got ", context.dim(2, 0)));
  const Settings settings = settings_of(node);
  context.set_output(0, context.type(0),
                     {context.dim(1, 0), context.dim(0, 1), settings.height, settings.width});
}

struct Tap {
  std::int64_t at;  // in the plane
  double weight;
};

// The four corners around (y, x); none of them where that lies outside of the plane.
void add_taps(double y, double x, std::int64_t height, std::int64_t width, std::vector<Tap>& taps) {
  const auto h = static_cast<double>(height), w = static_cast<double>(width);
  if (!(y >= -1 && y <= h && x >= -1 && x <= w)) {
    taps.insert(taps.end(), 4, {0, 0});
    return;
  }
  y = std::clamp(y, 0.0, h - 1);
  x = std::clamp(x, 0.0, w - 1);
  const auto low_y = static_cast<std::int64_t>(y), low_x = static_cast<std::int64_t>(x);
  const std::int64_t high_y = std::min(low_y + 1, height - 1),
                     high_x = std::min(low_x + 1, width - 1);
  const double dy = y - static_cast<double>(low_y), dx = x - static_cast<double>(low_x);
  taps.push_back({low_y * width + low_x, (1 - dy) * (1 - dx)});
  taps.push_back({low_y * width + high_x, (1 - dy) * dx});
  taps.push_back({high_y * width + low_x, dy * (1 - dx)});
  taps.push_back({high_y * width + high_x, dy * dx});
}

struct Side {
  double begin, bin;  // in pixels of the plane
  std::int64_t samples;
};

Side side_of(const Node& node, const Settings& settings, double begin, double end,
             std::int64_t bins) {
  begin = begin * settings.scale - settings.offset;
  end = end * settings.scale - settings.offset;
  const double size = settings.half_pixel ? end - begin : std::max(end - begin, 1.0);
  const double bin = size / static_cast<double>(bins);
  if (settings.samples > 0) return {begin, bin, settings.samples};
  if (!(std::abs(bin) <= kMostSamples))
    node.fail(ErrorCode::BadInput, str("rois: a bin of ", bin, " pixels is too large"));
  return {begin, bin, std::max<std::int64_t>(static_cast<std::int64_t>(std::ceil(bin)), 0)};
}

template <typename T>
T pooled(const T* plane, const std::vector<Tap>& taps, const Settings& settings) {
  double sum = 0, most = taps.empty() ? 0 : -std::numeric_limits<double>::infinity();
  for (const Tap& tap : taps) {
    const double value = tap.weight * static_cast<double>(plane[tap.at]);
    sum += value;
    most = std::max(most, value);
  }
  const auto count = static_cast<double>(std::max<std::size_t>(taps.size() / 4, 1));
  return static_cast<T>(settings.max ? most : sum / count);
}

template <typename T>
void align(RunContext& context, const Settings& settings, std::int64_t roi) {
  const Shape& dims = context.input(0).dims;
  const std::int64_t channels = dims[1], height = dims[2], width = dims[3];
  const std::int64_t batch = context.in<std::int64_t>(2)[roi];
  if (batch < 0 || batch >= dims[0])
    context.node.fail(ErrorCode::BadInput,
                      str("batch_indices: ", batch, " is out of range for a batch of ", dims[0]));
  const T* box = context.in<T>(1) + roi * 4;
  const Side down = side_of(context.node, settings, box[1], box[3], settings.height);
  const Side across = side_of(context.node, settings, box[0], box[2], settings.width);
  const T* x = context.in<T>(0) + batch * channels * height * width;
  const std::int64_t bins = settings.height * settings.width;
  T* y = context.out<T>(0) + roi * channels * bins;
  const auto position = [](const Side& side, std::int64_t bin, std::int64_t sample) {
    return side.begin +
           side.bin * (static_cast<double>(bin) +
                       (static_cast<double>(sample) + 0.5) / static_cast<double>(side.samples));
  };
  std::vector<Tap> taps;
  for (std::int64_t bin = 0; bin < bins; ++bin) {
    taps.clear();
    for (std::int64_t i = 0; i < down.samples; ++i)
      for (std::int64_t j = 0; j < across.samples; ++j)
        add_taps(position(down, bin / settings.width, i), position(across, bin % settings.width, j),
                 height, width, taps);
    for (std::int64_t c = 0; c < channels; ++c)
      y[c * bins + bin] = pooled(x + c * height * width, taps, settings);
  }
}

Kernel prepare(const PrepareContext& context) {
  const TensorRef& x = context.inputs[0];
  if (x.dims[2] * x.dims[3] == 0 && context.outputs[0].size() > 0)
    context.node.fail(ErrorCode::BadInput, "X has nothing to sample: " + to_string(x.dims));
  const Settings settings = settings_of(context.node);
  const bool wide = x.type == DataType::Double;
  Kernel kernel;
  kernel.name = "roi align";
  kernel.run = [settings, wide](RunContext& context) {
    context.parallel.chunks(context.output(0).dims[0], [&](std::int64_t roi, int) {
      if (wide)
        align<double>(context, settings, roi);
      else
        align<float>(context, settings, roi);
    });
  };
  return kernel;
}

}  // namespace

void roi_align(OpTable& table) {
  OpDef def;
  def.name = "RoiAlign";
  def.infer = infer;
  def.prepare = prepare;
  def.half_through_float = true;
  table.add(def);
}

}  // namespace keel::ops
