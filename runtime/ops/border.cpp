// keel.Border: what the zeros around the input of a convolution keep a constant in front of it from
// adding. Y[n, o, p] = sum over the taps k in range at p of D[o, k].
// Inputs X (its shape), D [O, taps] in double. Attributes: those of the convolution.
#include <cstring>
#include <map>

#include "runtime/error.h"
#include "runtime/infer_checks.h"
#include "runtime/tensor.h"
#include "runtime/window.h"

namespace keel::ops {
namespace {

struct BorderSums {
  Window window;
  Shape in, out;

  // [first, last) of the taps in range along axis i at position p.
  std::pair<std::int64_t, std::int64_t> taps(std::size_t i, std::int64_t p) const {
    const std::int64_t start = p * window.strides[i] - window.pads[i];
    std::int64_t first = 0, last = window.kernel[i];
    while (first < last && start + first * window.dilations[i] < 0) ++first;
    while (last > first && start + (last - 1) * window.dilations[i] >= in[i]) --last;
    return {first, last};
  }

  // The sum of the taps in the ranges, for each feature.
  std::vector<float> sums(const Shape& ranges, const double* D, std::int64_t features) const {
    const std::int64_t count = element_count(window.kernel);
    std::vector<double> total(static_cast<std::size_t>(features), 0);
    for (std::int64_t k = 0; k < count; ++k) {
      bool inside = true;
      std::int64_t rest = k;
      for (std::size_t i = window.rank(); i-- > 0; rest /= window.kernel[i]) {
        const std::int64_t tap = rest % window.kernel[i];
        inside = inside && tap >= ranges[2 * i] && tap < ranges[2 * i + 1];
      }
      for (std::int64_t o = 0; inside && o < features; ++o)
        total[static_cast<std::size_t>(o)] += D[o * count + k];
    }
    return std::vector<float>(total.begin(), total.end());
  }
};

BorderSums sums_of(const Node& node, const Shape& x) {
  BorderSums border{window_of(node, kernel_shape_of(node)), spatial_of(x), {}};
  for (std::size_t i = 0; i < border.in.size(); ++i)
    border.out.push_back(window_count(node, border.window, i, border.in[i]));
  return border;
}

void infer_border(InferContext& context) {
  context.expect_type(1, {DataType::Double});
  const Shape& x = context.input(0).dims;
  Shape y = {x[0], context.dim(1, 0)};
  const BorderSums border = sums_of(context.node, x);
  y.insert(y.end(), border.out.begin(), border.out.end());
  context.set_output(0, DataType::Float, std::move(y));
}

// Only few combinations of ranges occur: inside, and at each side.
void run_border(const BorderSums& border, RunContext& run) {
  const Shape& y = run.output(0).dims;
  const std::int64_t features = y[1], positions = element_count(border.out);
  std::map<Shape, std::vector<float>> classes;
  float* out = run.out<float>(0);
  for (std::int64_t p = 0; p < positions; ++p) {
    Shape ranges(2 * border.out.size());
    std::int64_t rest = p;
    for (std::size_t i = border.out.size(); i-- > 0; rest /= border.out[i])
      std::tie(ranges[2 * i], ranges[2 * i + 1]) = border.taps(i, rest % border.out[i]);
    auto place = classes.find(ranges);
    if (place == classes.end())
      place = classes.emplace(ranges, border.sums(ranges, run.in<double>(1), features)).first;
    for (std::int64_t o = 0; o < features; ++o)
      out[o * positions + p] = place->second[static_cast<std::size_t>(o)];
  }
  const auto image = static_cast<std::size_t>(features * positions);
  for (std::int64_t n = 1; n < y[0]; ++n)
    std::memcpy(out + static_cast<std::size_t>(n) * image, out, image * sizeof(float));
}

Kernel prepare_border(const PrepareContext& context) {
  BorderSums border = sums_of(context.node, context.inputs[0].dims);
  resolve_pads(border.window, border.in);
  Kernel kernel;
  kernel.name = "border";
  kernel.run = [border](RunContext& run) {
    if (run.output(0).dims[0] > 0) run_border(border, run);
  };
  return kernel;
}

}  // namespace

void border(OpTable& table) {
  OpDef def;
  def.domain = "keel";
  def.name = "Border";
  def.infer = infer_border;
  def.prepare = prepare_border;
  def.shape_only = true;
  table.add(def);
}

}  // namespace keel::ops
