// BatchNormalization: Y = act((X - mean) / sqrt(var + epsilon) * scale + B + residual) per channel.
// Inputs X, scale, B, mean, var, residual as Y (epilogue). With training_mode=1 mean and var are
// those of the batch, and outputs 1 and 2 the running ones: old * momentum + batch * (1 -
// momentum).
#include <algorithm>
#include <cmath>

#include "runtime/activation.h"
#include "runtime/error.h"
#include "runtime/infer_checks.h"
#include "runtime/reorder.h"
#include "simd/batchnorm.h"
#include "simd/kernel_table.h"

namespace keel::ops {
namespace {

constexpr std::size_t kScale = 1, kB = 2, kMean = 3, kVar = 4, kResidual = 5;

// X as [images, channels, spatial].
struct BatchNormSizes {
  std::int64_t images = 1, channels = 1, spatial = 1;
};

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

double element(const TensorRef& tensor, std::int64_t i) {
  return tensor.type == DataType::Double ? tensor.as<double>()[i]
                                         : static_cast<double>(tensor.as<float>()[i]);
}

void store(RunContext& run, std::size_t output, std::int64_t i, double value) {
  if (!run.has_output(output)) return;
  const TensorRef& tensor = run.output(output);
  if (tensor.type == DataType::Double)
    tensor.as<double>()[i] = value;
  else
    tensor.as<float>()[i] = static_cast<float>(value);
}

struct Statistics {
  double mean, var;
};

// Of one channel over images and positions; the variance of the population.
template <typename T>
Statistics statistics_of(const BatchNormSizes& sizes, const T* x, std::int64_t channel) {
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
  Statistics choose_statistics(RunContext& run, std::int64_t channel) const {
    const Statistics given{element(run.input(kMean), channel), element(run.input(kVar), channel)};
    if (!training) {
      for (std::size_t i : {1, 3}) store(run, i, channel, given.mean);
      for (std::size_t i : {2, 4}) store(run, i, channel, given.var);
      return given;
    }
    const Statistics batch = statistics_of(sizes, run.in<T>(0), channel);
    store(run, 1, channel, given.mean * momentum + batch.mean * (1 - momentum));
    store(run, 2, channel, given.var * momentum + batch.var * (1 - momentum));
    store(run, 3, channel, batch.mean);
    store(run, 4, channel, batch.var);
    return batch;
  }

  template <typename T>
  void run_channel(RunContext& run, std::int64_t channel) const {
    const Statistics used = choose_statistics<T>(run, channel);
    const double factor = element(run.input(kScale), channel) / std::sqrt(used.var + epsilon);
    const double shift = element(run.input(kB), channel);
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

// mean, s and b of y = (x - mean) * s + b for every lane of the channel blocks, one vector behind
// the other; s in double until stored.
void affine_of(const TensorRef* const* parameters, double epsilon, std::int64_t lanes,
               float* mean) {
  float *s = mean + lanes, *b = s + lanes;
  std::fill(mean, b + lanes, 0.0f);
  for (std::int64_t c = 0; c < parameters[kScale]->size(); ++c) {
    mean[c] = static_cast<float>(element(*parameters[kMean], c));
    s[c] = static_cast<float>(element(*parameters[kScale], c) /
                              std::sqrt(element(*parameters[kVar], c) + epsilon));
    b[c] = static_cast<float>(element(*parameters[kB], c));
  }
}

// Inference on X in NCHW16c: one pass over channel blocks.
struct BlockedBatchNorm {
  BatchNormSizes sizes;
  double epsilon;
  const simd::KernelTable* kernels;
  std::shared_ptr<const Tensor> affine;  // see affine_of; null: computed in shared scratch

  std::int64_t lanes() const { return (sizes.channels + kBlock - 1) / kBlock * kBlock; }

  void operator()(RunContext& run) const {
    auto* scratch = reinterpret_cast<float*>(run.shared_scratch);
    if (affine == nullptr) affine_of(run.inputs, epsilon, lanes(), scratch);
    const float* mean = affine == nullptr ? scratch : affine->data_as<float>();
    const float *s = mean + lanes(), *b = s + lanes();
    const Epilogue& epilogue = run.node.epilogue;
    const float* residual = epilogue.residual ? run.in<float>(kResidual) : nullptr;
    const std::int64_t rows = sizes.images * lanes() / kBlock * sizes.spatial;
    constexpr std::int64_t kGrain = 1024;  // positions of 16 floats
    run.parallel.ranges(rows, kGrain, [&](std::int64_t begin, std::int64_t end) {
      while (begin < end) {
        const std::int64_t c = begin / sizes.spatial * kBlock % lanes();
        const std::int64_t n = std::min(end - begin, sizes.spatial - begin % sizes.spatial);
        kernels->batchnorm->blocked(run.in<float>(0) + begin * kBlock, mean + c, s + c, b + c,
                                    residual == nullptr ? nullptr : residual + begin * kBlock,
                                    run.out<float>(0) + begin * kBlock, n, epilogue.activation);
        begin += n;
      }
    });
  }
};

Kernel prepare_blocked(const PrepareContext& context) {
  BlockedBatchNorm norm{sizes_of(context.node, context.inputs[0].dims),
                        static_cast<double>(context.node.float_or("epsilon", 1e-5f)),
                        &context.kernels, nullptr};
  Kernel kernel;
  kernel.name = "batch norm";
  bool constant = true;
  for (std::size_t i : {kScale, kB, kMean, kVar}) constant = constant && context.is_constant(i);
  if (constant) {
    norm.affine = context.pack("affine", [&] {
      Tensor affine(DataType::Float, {3, norm.lanes()});
      const TensorRef* parameters[5] = {};
      for (std::size_t i : {kScale, kB, kMean, kVar}) parameters[i] = &context.inputs[i];
      affine_of(parameters, norm.epsilon, norm.lanes(), affine.data_as<float>());
      return affine;
    });
  } else {
    kernel.scratch_shared = static_cast<std::size_t>(3 * norm.lanes()) * sizeof(float);
  }
  kernel.run = std::move(norm);
  return kernel;
}

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
    return prepare_blocked(context);
  return prepare_in_plain(context, prepare_plain<float>);
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
