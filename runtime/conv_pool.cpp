#include "runtime/conv_pool.h"

#include "runtime/blocked_conv.h"
#include "runtime/float_pool.h"
#include "runtime/precision.h"

namespace keel {
namespace {

constexpr std::size_t kX = 0, kW = 1, kB = 2;
const std::string kPrefix = "pool.";

struct ConvPool {
  std::shared_ptr<const simd::ConvPoolPlan> plan;
  std::shared_ptr<const Tensor> weights, bias;

  void operator()(RunContext& run) const {
    simd::ConvArgs args;
    args.x = run.in<float>(kX);
    args.y = run.out<float>(0);
    args.packed = weights->data_as<float>();
    if (bias != nullptr) args.bias = bias->data_as<float>();
    run.parallel.chunks(plan->chunks(), [&](std::int64_t chunk, int thread) {
      simd::ConvArgs own = args;
      own.thread_scratch = run.scratch(thread);
      plan->run(chunk, own);
    });
  }
};

}  // namespace

Node conv_pool_node(const Node& conv, const Node& pool) {
  Node node = conv;
  node.name = pool.name;
  node.domain = "keel";
  node.op_type = "ConvPool";
  node.outputs = {pool.outputs[0]};
  for (const auto& [name, value] : pool.attributes) node.attributes[kPrefix + name] = value;
  return node;
}

Node conv_part(const Node& node) {
  Node conv = node;
  conv.domain.clear();
  conv.op_type = "Conv";
  for (const auto& [name, value] : node.attributes)
    if (name.rfind(kPrefix, 0) == 0) conv.attributes.erase(name);
  return conv;
}

Node pool_part(const Node& node) {
  Node pool;
  pool.name = node.name;
  pool.op_type = "MaxPool";
  pool.outputs = node.outputs;
  for (const auto& [name, value] : node.attributes)
    if (name.rfind(kPrefix, 0) == 0) pool.attributes[name.substr(kPrefix.size())] = value;
  return pool;
}

simd::ConvPoolShape conv_pool_shape(const Node& node, const Shape& x, const Shape& w) {
  PlainConv conv = plain_conv_of(conv_part(node), x, w);
  resolve_pads(conv.window, conv.in);
  PlainPool pool = pool_of(pool_part(node), {x[0], w[0], conv.out[0], conv.out[1]});
  resolve_pads(pool.window, pool.in);
  return {conv_shape(node, conv), pool_shape(pool)};
}

Kernel prepare_conv_pool(const PrepareContext& context) {
  simd::ConvPoolShape shape =
      conv_pool_shape(context.node, context.inputs[kX].dims, context.inputs[kW].dims);
  shape.conv.plain_input = context.inputs[kX].layout == Layout::Plain;
  ConvPool both;
  both.plan = std::make_shared<const simd::ConvPoolPlan>(shape, context.kernels, context.threads,
                                                         conv_precision(context.precision));
  both.weights = pack_conv_weights(context, kW, "W ", both.plan->conv());
  if (shape.conv.bias) both.bias = pack_conv_bias(context, kB, "B");
  Kernel kernel;
  kernel.name = both.plan->kernel();
  kernel.note = both.plan->conv().note;
  kernel.flops = both.plan->flops();
  kernel.scratch_per_thread = both.plan->thread_scratch();
  kernel.packed_inputs = std::uint64_t{1} << kW;
  if (shape.conv.bias) kernel.packed_inputs |= std::uint64_t{1} << kB;
  kernel.run = std::move(both);
  return kernel;
}

}  // namespace keel
