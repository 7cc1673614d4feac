#include "runtime/conv_strips.h"

#include "runtime/blocked_conv.h"
#include "runtime/window.h"

namespace keel {
namespace {

using simd::ConvShape;
using simd::ConvStage;
using simd::StripPlan;
using simd::StripShapes;

constexpr ConvStage kStages[] = {simd::kExpand, simd::kDepthwise, simd::kProject};
constexpr const char* kActivation[] = {"expand_activation", "depthwise_activation"};

// [kind, alpha, beta]; absent: none.
simd::Activation activation_of_stage(const Node& node, ConvStage stage) {
  const std::vector<float> f = node.floats_or(kActivation[stage], {0, 0, 0});
  return {static_cast<simd::ActivationKind>(static_cast<int>(f[0])), f[1], f[2]};
}

struct ConvStrips {
  std::shared_ptr<const StripPlan> plan;
  std::shared_ptr<const Tensor> weights[simd::kConvStages], bias[simd::kConvStages];

  void operator()(RunContext& run) const {
    simd::StripArgs args;
    args.x = run.in<float>(kStripX);
    args.y = run.out<float>(0);
    if (run.node.epilogue.residual) args.residual = run.in<float>(kStripResidual);
    for (ConvStage stage : kStages) {
      if (weights[stage] != nullptr) args.packed[stage] = weights[stage]->data_as<float>();
      if (bias[stage] != nullptr) args.bias[stage] = bias[stage]->data_as<float>();
    }
    run.parallel.chunks(plan->chunks(), [&](std::int64_t chunk, int thread) {
      simd::StripArgs own = args;
      own.thread_scratch = run.scratch(thread);
      plan->run(chunk, own);
    });
  }
};

}  // namespace

StripShapes strip_shapes(const Node& node, const std::vector<Shape>& inputs, Dim unknown) {
  const auto known = [&](Dim dim) { return dim >= 0 ? dim : unknown; };
  const auto weights = [&](ConvStage stage) -> const Shape& {
    return inputs[strip_weights(stage)];
  };
  const Shape& x = inputs[kStripX];
  Window window = window_of(node, kernel_of_weights(node, weights(simd::kDepthwise)));
  const Shape in = {known(x[2]), known(x[3])};
  resolve_pads(window, in);
  StripShapes shapes;
  ConvStage last = simd::kDepthwise;
  ConvShape shape;
  shape.k = x[1];
  shape.out = {in[0], in[1], 1};
  for (ConvStage stage : kStages) {
    if (inputs.size() <= strip_weights(stage) || weights(stage).empty()) continue;
    shape.n = known(x[0]);
    shape.c = shape.k;
    shape.k = weights(stage)[0];
    shape.in = shape.out;
    const bool depthwise = stage == simd::kDepthwise;
    shape.group = depthwise ? shape.c : 1;
    for (std::size_t a = 0; a < 2; ++a) {
      shape.kernel[a] = depthwise ? window.kernel[a] : 1;
      shape.stride[a] = depthwise ? window.strides[a] : 1;
      shape.dilation[a] = depthwise ? window.dilations[a] : 1;
      shape.pad[a] = depthwise ? window.pads[a] : 0;
      if (depthwise) shape.out[a] = window_count(node, window, a, in[a]);
    }
    shape.bias = node.has_input(strip_bias(stage));
    if (stage != simd::kProject) shape.activation = activation_of_stage(node, stage);
    shapes.stage[stage] = shape;
    last = stage;
  }
  shapes.stage[last].residual = node.epilogue.residual;
  shapes.stage[last].activation = node.epilogue.activation;
  return shapes;
}

void set_strip_activation(Node& node, ConvStage stage, const simd::Activation& activation) {
  node.attributes[kActivation[stage]] =
      std::vector<float>{static_cast<float>(activation.kind), activation.alpha, activation.beta};
}

Kernel prepare_conv_strips(const PrepareContext& context) {
  std::vector<Shape> inputs;
  for (const TensorRef& input : context.inputs) inputs.push_back(input.dims);
  const StripShapes shapes = strip_shapes(context.node, inputs, kUnknownDim);
  const auto plan = std::make_shared<const StripPlan>(shapes, context.kernels, context.threads);
  ConvStrips strips;
  Kernel kernel;
  strips.plan = plan;
  for (ConvStage stage : kStages) {
    if (!shapes.has(stage)) continue;
    const simd::ConvPlan& packing = plan->packing(stage);
    const std::string number = std::to_string(stage);
    const std::size_t w = strip_weights(stage), b = strip_bias(stage);
    strips.weights[stage] = pack_conv_weights(context, w, "W" + number + " ", packing);
    kernel.packed_inputs |= std::uint64_t{1} << w;
    if (!shapes.stage[stage].bias) continue;
    strips.bias[stage] = pack_conv_bias(context, b, "B" + number);
    kernel.packed_inputs |= std::uint64_t{1} << b;
  }
  kernel.name = plan->kernel();
  kernel.flops = plan->flops();
  kernel.scratch_per_thread = plan->thread_scratch();
  kernel.run = std::move(strips);
  return kernel;
}

}  // namespace keel
