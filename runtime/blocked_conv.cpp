#include "runtime/blocked_conv.h"

#include <algorithm>
#include <cstring>

#include "runtime/infer_checks.h"
#include "runtime/memory_block.h"
#include "runtime/precision.h"
#include "runtime/reorder.h"
#include "simd/kernel_table.h"

namespace keel {
namespace {

constexpr std::size_t kX = 0, kW = 1, kB = 2, kResidual = 3;

// Spatial sizes that are not known yet; only "large or small" matters where this stands in.
constexpr std::int64_t kTypicalSize = 64;

simd::ConvShape shape_of(const PlainConv& conv) {
  simd::ConvShape shape;
  shape.n = conv.images;
  shape.c = conv.channels;
  shape.k = conv.features;
  shape.group = conv.group;
  shape.rank = static_cast<int>(conv.in.size());
  shape.transposed = conv.transposed;
  for (std::size_t i = 0; i < conv.in.size(); ++i) {
    shape.in[i] = conv.in[i];
    shape.out[i] = conv.out[i];
    shape.kernel[i] = conv.window.kernel[i];
    shape.stride[i] = conv.window.strides[i];
    shape.dilation[i] = conv.window.dilations[i];
    shape.pad[i] = conv.window.pads[i];
  }
  return shape;
}

std::size_t float_bytes(std::int64_t count) {
  return align64(static_cast<std::size_t>(count) * sizeof(float));
}

// Where something that is not ready for the kernels lies in shared scratch during a run.
struct ScratchPlan {
  std::size_t total = 0;
  std::size_t reserve(std::size_t bytes) {
    const std::size_t at = total;
    total += align64(bytes);
    return at;
  }
};

void pad_bias(const float* bias, std::int64_t features, float* padded) {
  std::copy(bias, bias + features, padded);
  std::fill(padded + features, padded + (features + kBlock - 1) / kBlock * kBlock, 0.0f);
}

struct BlockedConv {
  simd::ConvPlan plan;
  const simd::KernelTable* kernels;
  std::shared_ptr<const Tensor> weights, bias;  // packed; null: made during the run
  bool reorder_x = false, reorder_residual = false, reorder_y = false;
  bool has_bias = false, has_residual = false;
  std::int64_t features = 0;
  std::size_t x_at = 0, residual_at = 0, y_at = 0, w_at = 0, b_at = 0;

  void operator()(RunContext& run) const {
    const auto scratch = [&](std::size_t at) {
      return reinterpret_cast<float*>(run.shared_scratch + at);
    };
    simd::ConvArgs args;
    args.shared_scratch = run.shared_scratch;
    args.x = blocked(run, run.input(kX), reorder_x, scratch(x_at));
    if (has_residual)
      args.residual = blocked(run, run.input(kResidual), reorder_residual, scratch(residual_at));
    args.packed = packed_weights(run, scratch(w_at));
    args.prologue = prologue_of(run);
    if (has_bias) args.bias = padded_bias(run, scratch(b_at));
    args.y = reorder_y ? scratch(y_at) : run.out<float>(0);
    run_conv_plan(plan, run, args);
    if (reorder_y)
      from_blocked(run.parallel, *kernels, run.output(0).dims, args.y, run.out<float>(0));
  }

  const float* blocked(RunContext& run, const TensorRef& x, bool reorder, float* scratch) const {
    if (!reorder) return x.as<float>();
    to_blocked(run.parallel, *kernels, x.dims, x.as<float>(), scratch);
    return scratch;
  }

  const float* packed_weights(RunContext& run, float* scratch) const {
    if (weights != nullptr) return weights->data_as<float>();
    simd::pack_conv_weights(plan, run.in<float>(kW), scratch);
    return scratch;
  }

  const float* padded_bias(RunContext& run, float* scratch) const {
    if (bias != nullptr) return bias->data_as<float>();
    pad_bias(run.in<float>(kB), features, scratch);
    return scratch;
  }
};

// Packs constant weights and bias; reserves scratch for the others.
void prepare_constants(const PrepareContext& context, BlockedConv& conv, ScratchPlan& scratch) {
  if (context.is_constant(kW)) {
    conv.weights = pack_conv_weights(context, kW, "W ", conv.plan);
  } else {
    conv.w_at = scratch.reserve(float_bytes(conv.plan.packed_floats));
  }
  if (!conv.has_bias) return;
  const std::int64_t padded = (conv.features + kBlock - 1) / kBlock * kBlock;
  if (context.is_constant(kB)) {
    conv.bias = pack_conv_bias(context, kB, "B");
  } else {
    conv.b_at = scratch.reserve(float_bytes(padded));
  }
}

std::size_t blocked_bytes(const TensorRef& tensor) {
  return storage_bytes(DataType::Float, tensor.dims, Layout::Blocked16);
}

}  // namespace

PlainConv plain_conv_of(const Node& node, const Shape& x, const Shape& w) {
  PlainConv conv;
  conv.window = window_of(node, kernel_of_weights(node, w));
  conv.images = x[0];
  conv.channels = x[1];
  conv.features = w[0];
  conv.group = int_attribute(node, "group", 1, 1, INT32_MAX);
  conv.in = spatial_of(x);
  for (std::size_t i = 0; i < conv.in.size(); ++i)
    conv.out.push_back(window_count(node, conv.window, i, conv.in[i]));
  return conv;
}

simd::ConvShape conv_shape(const Node& node, const PlainConv& conv) {
  simd::ConvShape shape = shape_of(conv);
  shape.bias = node.has_input(kB);
  shape.residual = node.epilogue.residual;
  shape.activation = node.epilogue.activation;
  shape.prologue = !node.prologue.empty();
  return shape;
}

bool is_blocked_conv(const PlainConv& conv) {
  const auto positive = [](const Shape& dims) {
    return std::all_of(dims.begin(), dims.end(), [](std::int64_t dim) { return dim > 0; });
  };
  return !conv.in.empty() && conv.in.size() <= simd::kConvAxes && conv.images > 0 &&
         conv.channels > 0 && conv.features > 0 && positive(conv.in) && positive(conv.out);
}

std::shared_ptr<const Tensor> pack_conv_weights(const PrepareContext& context, std::size_t slot,
                                                const std::string& key,
                                                const simd::ConvPlan& plan) {
  return context.pack(key + plan.packing, [&] {
    Tensor packed = weight_tensor(DataType::Float, {plan.packed_floats});
    simd::pack_conv_weights(plan, context.constants[slot]->data_as<float>(),
                            packed.data_as<float>());
    return packed;
  });
}

std::shared_ptr<const Tensor> pack_conv_bias(const PrepareContext& context, std::size_t slot,
                                             const std::string& key) {
  return context.pack(key, [&] {
    const std::int64_t features = context.constants[slot]->size();
    Tensor bias(DataType::Float, {(features + kBlock - 1) / kBlock * kBlock});
    pad_bias(context.constants[slot]->data_as<float>(), features, bias.data_as<float>());
    return bias;
  });
}

void run_conv_plan(const simd::ConvPlan& plan, RunContext& run, const simd::ConvArgs& args) {
  for (std::size_t phase = 0; phase < plan.phases.size(); ++phase)
    run.parallel.chunks(plan.phases[phase], [&](std::int64_t chunk, int thread) {
      simd::ConvArgs own = args;
      own.thread_scratch = run.scratch(thread);
      simd::run_conv_chunk(plan, static_cast<int>(phase), chunk, own);
    });
}

Kernel prepare_blocked_conv(const PrepareContext& context, const PlainConv& conv) {
  BlockedConv blocked;
  blocked.kernels = &context.kernels;
  blocked.features = conv.features;
  blocked.has_bias = context.has_input(kB);
  blocked.has_residual = context.node.epilogue.residual;

  simd::ConvShape shape = conv_shape(context.node, conv);
  const bool plain_x = context.inputs[kX].layout == Layout::Plain;
  shape.plain_input = plain_x && simd::takes_plain_input(shape);
  blocked.plan =
      simd::plan_conv(shape, context.kernels, context.threads, conv_precision(context.precision));

  ScratchPlan scratch{align64(blocked.plan.shared_scratch)};
  prepare_constants(context, blocked, scratch);
  blocked.reorder_x = plain_x && !shape.plain_input;
  blocked.reorder_y = context.outputs[0].layout == Layout::Plain;
  blocked.reorder_residual =
      blocked.has_residual && context.inputs[kResidual].layout == Layout::Plain;
  if (blocked.reorder_x) blocked.x_at = scratch.reserve(blocked_bytes(context.inputs[kX]));
  if (blocked.reorder_y) blocked.y_at = scratch.reserve(blocked_bytes(context.outputs[0]));
  if (blocked.reorder_residual)
    blocked.residual_at = scratch.reserve(blocked_bytes(context.inputs[kResidual]));

  Kernel kernel;
  kernel.name = (shape.prologue ? "batch norm, " : "") + blocked.plan.kernel;
  kernel.note = blocked.plan.note;
  kernel.flops = blocked.plan.flops;
  kernel.scratch_per_thread = blocked.plan.thread_scratch;
  kernel.scratch_shared = scratch.total;
  for (std::size_t i : {kW, kB})
    if (context.is_constant(i)) kernel.packed_inputs |= std::uint64_t{1} << i;
  kernel.run = std::move(blocked);
  return kernel;
}

bool blocked_conv_takes_prologue(const PlainConv& conv) {
  PlainConv typical = conv;
  for (Shape* sizes : {&typical.in, &typical.out})
    for (std::int64_t& size : *sizes)
      if (size <= 0) size = kTypicalSize;
  const Shape& kernel = conv.window.kernel;
  const bool known = conv.channels > 0 && conv.features > 0 && conv.in.size() <= simd::kConvAxes &&
                     std::all_of(kernel.begin(), kernel.end(), [](Dim size) { return size > 0; });
  return known && simd::takes_prologue(shape_of(typical));
}

LayoutChoice blocked_conv_layout(const LayoutQuery& query, const PlainConv& conv) {
  LayoutChoice choice;
  if (!can_block(query.inputs[kX]) || !can_block(query.outputs[0])) return choice;
  if (conv.in.size() > simd::kConvAxes) return choice;
  choice.blocked_outputs = 1;
  if (query.node.epilogue.residual) choice.blocked_inputs |= std::uint64_t{1} << kResidual;
  // W's own sizes may be unknown; then no special first-layer kernel is counted on.
  bool takes_plain = false;
  PlainConv typical = conv;
  for (Shape* sizes : {&typical.in, &typical.out})
    for (std::int64_t& size : *sizes)
      if (size <= 0) size = kTypicalSize;
  typical.images = std::max<std::int64_t>(typical.images, 1);
  const Shape& kernel = typical.window.kernel;
  if (std::all_of(kernel.begin(), kernel.end(), [](Dim size) { return size > 0; }))
    takes_plain = simd::takes_plain_input(shape_of(typical));
  const bool already_blocked = (query.blocked_inputs & 1u) != 0;
  if (already_blocked || !takes_plain) choice.blocked_inputs |= 1u;
  return choice;
}

}  // namespace keel
