// BatchNormalization: Y = act((X - mean) / sqrt(var + epsilon) * scale + B + residual) per channel.
// Inputs X, scale, B, mean, var, residual as Y (epilogue). With training_mode=1 mean and var are
// those of the batch, and outputs 1 and 2 the running ones: old * momentum + batch * (1 -
// momentum).
#include <algorithm>
#include <cmath>

#include "runtime/activation.h"
#include "runtime/error.h"
#include "runtime/float_batchnorm.h"
#include "runtime/infer_checks.h"
#include "runtime/reorder.h"

namespace keel::ops {
namespace {

using namespace batchnorm_input;

// spatial=0 (opset < 9): every position of an image is a channel of its own.
bool per_position(const Node& node) { return node.int_or("spatial", 1) == 0; }

BatchNormSizes sizes_of(const Node& node, const Shape& x) {
  if (x.size() == 1) return {1, 1, x[0]};
  if (per_position(node)) return {x[0], product(x, 1, x.size()), 1};
  return {x[0], x[1], product(x, 2, x.size())};
}

void infer_batch_normalization(InferContext& context) {
  const DataType type = expect_floating(context, 0);
  context.expect_rank(0, 1, kRankLimit);
  const Shape& x = context.input(0).dims;
  Shape parameters = {x.size() == 1 ? 1 : x[1]};
  if (per_position(context.node)) parameters.assign(x.begin() + 1, x.end());
  for (std::size_t i : {kScale, kB, kMean, kVar}) {
    expect_floating(context, i);
    expect_dims(context, i, parameters);
  }
  expect_residual(context, kResidual, type, x);
  int_attribute(context.node, "training_mode", 0, 0, 1);
  context.node.float_or("epsilon", 1e-5f);
  context.node.float_or("momentum", 0.9f);
  context.set_output(0, type, x);
  // Opset < 14 has four extra outputs: mean, var, saved_mean, saved_var.
  for (std::size_t i = 1; i < context.node.outputs.size(); ++i)
    context.set_output(i, context.type(kMean), parameters);
}

// Of one channel over images and positions; the variance of the population.
template <typename T>
ChannelStatistics statistics_of(const BatchNormSizes& sizes, const T* x, std::int64_t channel) {
  const std::int64_t image = sizes.channels * sizes.spatial;
  const double count = static_cast<double>(sizes.images * sizes.spatial);
  const auto sum = [&](auto&& term) {
    double total = 0;
    for (std::int64_t n = 0; n < sizes.images; ++n)
      for (std::int64_t i = 0; i < sizes.spatial; ++i)
        total += term(static_cast<double>(x[n * image + channel * sizes.spatial + i]));
    return total;
  };
  const double mean = sum([](double value) { return value; }) / count;
  const double var = sum([&](double value) { return (value - mean) * (value - mean); }) / count;
  return {mean, var};
}

struct BatchNorm {
  BatchNormSizes sizes;
  bool training;
  double epsilon, momentum;

  // The statistics that normalize a channel; writes the extra outputs.
  template <typename T>
  ChannelStatistics choose_statistics(RunContext& run, std::int64_t channel) const {
    if (!training) return given_statistics(run, channel);
    return batch_statistics(run, channel, statistics_of(sizes, run.in<T>(0), channel), momentum);
  }

  template <typename T>
  void run_channel(RunContext& run, std::int64_t channel) const {
    const ChannelStatistics used = choose_statistics<T>(run, channel);
    const double factor =
        batchnorm_parameter(run.input(kScale), channel) / std::sqrt(used.var + epsilon);
    const double shift = batchnorm_parameter(run.input(kB), channel);
    const Epilogue& epilogue = run.node.epilogue;
    const T* residual = epilogue.residual ? run.in<T>(kResidual) : nullptr;
    for (std::int64_t n = 0; n < sizes.images; ++n) {
      const std::int64_t at = (n * sizes.channels + channel) * sizes.spatial;
      const T* x = run.in<T>(0) + at;
      T* y = run.out<T>(0) + at;
      for (std::int64_t i = 0; i < sizes.spatial; ++i) {
        double value = (static_cast<double>(x[i]) - used.mean) * factor + shift;
        if (residual != nullptr) value += static_cast<double>(residual[at + i]);
        y[i] = static_cast<T>(activate(epilogue.activation, value));
      }
    }
  }
};

template <typename T>
Kernel prepare_plain(const PrepareContext& context) {
  const Node& node = context.node;
  const BatchNorm norm{sizes_of(node, context.inputs[0].dims), node.int_or("training_mode", 0) != 0,
                       static_cast<double>(node.float_or("epsilon", 1e-5f)),
                       static_cast<double>(node.float_or("momentum", 0.9f))};
  Kernel kernel;
  kernel.name = "batch norm plain";
  kernel.run = [norm](RunContext& run) {
    run.parallel.chunks(norm.sizes.channels,
                        [&](std::int64_t channel, int) { norm.run_channel<T>(run, channel); });
  };
  return kernel;
}

// Which of the float kernels run, on parameters that are constant or found during the run.
Kernel prepare_float(const PrepareContext& context, bool blocked) {
  const Node& node = context.node;
  FloatBatchNorm norm;
  norm.sizes = sizes_of(node, context.inputs[0].dims);
  norm.training = node.int_or("training_mode", 0) != 0;
  norm.epsilon = static_cast<double>(node.float_or("epsilon", 1e-5f));
  norm.momentum = static_cast<double>(node.float_or("momentum", 0.9f));
  norm.blocked = blocked;
  norm.kernels = &context.kernels;
  Kernel kernel;
  kernel.name = norm.training ? "batch norm of the batch" : "batch norm";
  bool constant = !norm.training && !node.has_output(1);
  for (std::size_t i = kScale; i <= kVar; ++i) constant = constant && context.is_constant(i);
  if (constant) {
    norm.affine = context.pack("affine", [&] {
      Tensor affine(DataType::Float, {3, norm.lanes()});
      const TensorRef* parameters[kResidual] = {};
      for (std::size_t i = kScale; i <= kVar; ++i) parameters[i] = &context.inputs[i];
      norm.given_affine(parameters, affine.data_as<float>());
      return affine;
    });
  } else {
    kernel.scratch_shared = static_cast<std::size_t>(3 * norm.lanes()) * sizeof(float);
  }
  kernel.run = std::move(norm);
  return kernel;
}

Kernel prepare_float_plain(const PrepareContext& context) { return prepare_float(context, false); }

// Inference with one output follows X into NCHW16c.
bool can_run_blocked(const Node& node) {
  return node.int_or("training_mode", 0) == 0 && !per_position(node) && !node.has_output(1);
}

LayoutChoice layout_batch_normalization(const LayoutQuery& query) {
  if (!(query.blocked_inputs & 1u) || !can_block(query.inputs[0]) || !can_run_blocked(query.node))
    return {};
  LayoutChoice choice;
  choice.blocked_inputs = 1u;
  if (query.node.epilogue.residual) choice.blocked_inputs |= 1u << kResidual;
  choice.blocked_outputs = 1u;
  return choice;
}

Kernel prepare_batch_normalization(const PrepareContext& context) {
  if (context.inputs[0].type == DataType::Double) return prepare_plain<double>(context);
  const bool same_layout =
      !context.node.epilogue.residual || context.inputs[kResidual].layout == Layout::Blocked16;
  if (context.inputs[0].layout == Layout::Blocked16 && same_layout &&
      context.outputs[0].layout == Layout::Blocked16 && can_run_blocked(context.node))
    return prepare_float(context, true);
  return prepare_in_plain(context, prepare_float_plain);
}

}  // namespace

void batch_normalization(OpTable& table) {
  OpDef def;
  def.name = "BatchNormalization";
  def.infer = infer_batch_normalization;
  def.prepare = prepare_batch_normalization;
  def.layout = layout_batch_normalization;
  def.in_place = true;
  def.epilogue = true;
  def.half_through_float = true;
  table.add(def);
}

}  // namespace keel::ops
