// LayerNormalization over the axes from `axis` on: Y = (X - Mean) * InvStdDev * Scale + B.
// Scale and B broadcast to X; outputs Mean and InvStdDev have ones for those axes and the type that
// stash_type names.
#include <algorithm>

#include "runtime/error.h"
#include "runtime/infer_checks.h"
#include "runtime/ops/norm_plain.h"

namespace keel::ops {
namespace {

DataType stash_type_of(const Node& node) {
  const std::int64_t type = node.int_or("stash_type", 1);
  if (type == static_cast<std::int64_t>(DataType::Float)) return DataType::Float;
  if (type == static_cast<std::int64_t>(DataType::BFloat16)) return DataType::BFloat16;
  node.fail_attribute("stash_type", str("expected 1 (float) or 16 (bfloat16), got ", type));
}

// `dims` can be broadcast to x without growing it.
void expect_broadcast(const InferContext& context, std::size_t i, const Shape& x) {
  const Shape& dims = context.input(i).dims;
  context.expect_rank(i, 0, static_cast<std::int64_t>(x.size()));
  Shape wanted(x.end() - static_cast<std::ptrdiff_t>(dims.size()), x.end());
  for (std::size_t k = 0; k < dims.size(); ++k)
    if (dims[k] == 1) wanted[k] = 1;
  expect_dims(context, i, wanted);
}

void infer_layer_normalization(InferContext& context) {
  const DataType type = expect_floating(context, 0);
  const Shape& x = context.input(0).dims;
  context.expect_rank(0, 1, kRankLimit);
  const std::int64_t axis = context.axis(context.node.int_or("axis", -1), context.rank(0));
  for (std::size_t i : {1, 2}) {
    if (i == 2 && !context.has_input(2)) continue;
    expect_same_type(context, i, 0);
    expect_broadcast(context, i, x);
  }
  context.node.float_or("epsilon", 1e-5f);
  Shape reduced = x;
  std::fill(reduced.begin() + axis, reduced.end(), 1);
  const DataType stash = stash_type_of(context.node);
  context.set_output(0, type, x);
  context.set_output(1, stash, reduced);
  context.set_output(2, stash, reduced);
}

// Where the elements of Scale or B lie for the rows of X.
struct Affine {
  Shape dims, steps;  // of the axes of X; steps are 0 where it is repeated

  std::int64_t at(std::int64_t element) const {
    std::int64_t result = 0;
    for (std::size_t axis = dims.size(); axis-- > 0; element /= dims[axis])
      result += element % dims[axis] * steps[axis];
    return result;
  }
};

Affine affine_of(const Shape& x, const Shape& own) {
  Affine affine{x, Shape(x.size(), 0)};
  std::int64_t step = 1;
  for (std::size_t i = 0; i < own.size(); ++i) {
    const std::int64_t size = own[own.size() - 1 - i];
    if (size != 1) affine.steps[x.size() - 1 - i] = step;
    step *= size;
  }
  return affine;
}

void store(RunContext& run, std::size_t output, std::int64_t i, double value) {
  if (!run.has_output(output)) return;
  run.out<float>(output)[i] = static_cast<float>(value);
}

struct LayerNorm {
  std::int64_t rows, length;
  double epsilon;
  Affine scale, bias;
};

LayerNorm layer_norm_of(const PrepareContext& context) {
  const Shape& x = context.inputs[0].dims;
  std::int64_t axis = context.node.int_or("axis", -1);
  if (axis < 0) axis += static_cast<std::int64_t>(x.size());
  const auto at = static_cast<std::size_t>(axis);
  return {product(x, 0, at), product(x, at, x.size()),
          static_cast<double>(context.node.float_or("epsilon", 1e-5f)),
          affine_of(x, context.inputs[1].dims),
          affine_of(x, context.has_input(2) ? context.inputs[2].dims : Shape{})};
}

template <typename T>
Kernel prepare_plain(const PrepareContext& context) {
  Kernel kernel;
  kernel.name = "layer norm plain";
  kernel.run = [norm = layer_norm_of(context)](RunContext& run) {
    const T* scale = run.in<T>(1);
    const T* bias = run.has_input(2) ? run.in<T>(2) : nullptr;
    run.parallel.chunks(norm.rows, [&](std::int64_t row, int) {
      const std::int64_t first = row * norm.length;
      const T* x = run.in<T>(0) + first;
      T* y = run.out<T>(0) + first;
      const RowStatistics statistics = row_statistics(x, norm.length, norm.epsilon);
      store(run, 1, row, statistics.mean);
      store(run, 2, row, statistics.inverse_deviation);
      for (std::int64_t i = 0; i < norm.length; ++i) {
        double value = (static_cast<double>(x[i]) - statistics.mean) * statistics.inverse_deviation;
        value *= static_cast<double>(scale[norm.scale.at(first + i)]);
        if (bias != nullptr) value += static_cast<double>(bias[norm.bias.at(first + i)]);
        y[i] = static_cast<T>(value);
      }
    });
  };
  return kernel;
}

// Scale or B has one value for each element of a row, the same for every row.
bool is_row(const Affine& affine, const LayerNorm& norm) {
  std::int64_t step = 1;
  for (std::size_t axis = affine.dims.size(); axis-- > 0 && step < norm.length;) {
    if (affine.dims[axis] != 1 && affine.steps[axis] != step) return false;
    step *= affine.dims[axis];
  }
  for (std::size_t axis = 0; axis < affine.dims.size(); ++axis)
    if (affine.steps[axis] >= norm.length) return false;
  return true;
}

Kernel prepare_float(const PrepareContext& context) {
  const LayerNorm norm = layer_norm_of(context);
  const bool has_bias = context.has_input(2);
  if (norm.length == 0 || !is_row(norm.scale, norm) || (has_bias && !is_row(norm.bias, norm)))
    return prepare_plain<float>(context);
  const simd::KernelTable& kernels = context.kernels;
  constexpr std::int64_t kGrain = 8192;
  Kernel kernel;
  kernel.name = "layer norm";
  kernel.run = [=, &kernels](RunContext& run) {
    const auto one = [&](std::int64_t row) {
      const float* x = run.in<float>(0) + row * norm.length;
      const FloatStatistics s = float_statistics(kernels, x, norm.length, norm.epsilon);
      store(run, 1, row, static_cast<double>(s.moments.centre) + s.moments.rest);
      store(run, 2, row, s.inverse_deviation);
      kernels.norm->apply(x, s.moments.centre, static_cast<float>(s.inverse_deviation),
                          static_cast<float>(-s.moments.rest * s.inverse_deviation),
                          run.in<float>(1), has_bias ? run.in<float>(2) : nullptr,
                          run.out<float>(0) + row * norm.length, norm.length);
    };
    run.parallel.ranges(norm.rows, std::max<std::int64_t>(1, kGrain / norm.length),
                        [&](std::int64_t begin, std::int64_t end) {
                          for (std::int64_t row = begin; row < end; ++row) one(row);
                        });
  };
  return kernel;
}

Kernel prepare_layer_normalization(const PrepareContext& context) {
  if (context.inputs[0].type == DataType::Double) return prepare_plain<double>(context);
  return prepare_float(context);
}

}  // namespace

void layer_normalization(OpTable& table) {
  OpDef def;
  def.name = "LayerNormalization";
  def.infer = infer_layer_normalization;
  def.prepare = prepare_layer_normalization;
  def.half_through_float = true;
  table.add(def);
}

}  // namespace keel::ops
