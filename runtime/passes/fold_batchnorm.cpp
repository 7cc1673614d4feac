// X -> Conv(W, b) -> BatchNormalization -> Y   =>   X -> Conv(W', b') -> Y
//
//   W'[o, ...] = s[o] * W[o, ...]      b'[o] = s[o] * b[o] + t[o]
//
// with s and t of runtime/batchnorm_affine.h, in double, each result rounded once to the type of W.
// Any rank, any group. New tensors are made, so that weights which other nodes share stay as they
// are.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "runtime/batchnorm_affine.h"
#include "runtime/constants.h"
#include "runtime/error.h"
#include "runtime/optimizer.h"

namespace keel::passes {
namespace {

bool is_op(const Node& node, const char* op) { return node.domain.empty() && node.op_type == op; }

PassResult refuse(FoldRefusal refusal) {
  Decision decision;
  decision.pattern = "Conv->BatchNormalization";
  decision.code = std::move(refusal.code);
  decision.blocker = std::move(refusal.blocker);
  decision.message = std::move(refusal.message);
  return {std::nullopt, decision};
}

bool is_activation(const Node& node) {
  static const char* kActivations[] = {"Relu",  "LeakyRelu", "PRelu", "Clip",        "Sigmoid",
                                       "Tanh",  "Elu",       "Selu",  "HardSigmoid", "HardSwish",
                                       "Swish", "Mish",      "Gelu",  "Softplus",    "Softsign"};
  return std::any_of(std::begin(kActivations), std::end(kActivations),
                     [&](const char* op) { return is_op(node, op); });
}

// Why the node before the BatchNormalization cannot take it up; empty code where it can.
FoldRefusal producer_refusal(const Graph& graph, const Node& bn) {
  const Value& x = graph.values[bn.inputs[0]];
  if (x.producer == kNone)
    return {"CONSUMER_NOT_FOLDABLE", "the node normalises an input of the model", ""};
  const Node& producer = graph.nodes[x.producer];
  if (is_activation(producer))
    return {"ACTIVATION_BETWEEN",
            "the node normalises the result of an activation, which does not "
            "commute with it",
            producer.name};
  if (!is_op(producer, "Conv"))
    return {"CONSUMER_NOT_FOLDABLE",
            "the node normalises the result of " + producer.op_type +
                ", which has no weights to take it up",
            producer.name};
  if (x.graph_output)
    return {"GRAPH_OUTPUT", "the convolution's result is an output of the model", producer.name};
  if (x.users.size() > 1) {
    std::string other = bn.name;
    for (NodeId user : x.users)
      if (graph.nodes[user].name != bn.name) other = graph.nodes[user].name;
    return {"MULTI_USE", "the convolution's result is used by another node too", other};
  }
  return {};
}

// Why weights and bias cannot be scaled; fills them in where they can.
FoldRefusal weights_of(const Graph& graph, const Node& conv, std::size_t channels, bool overridable,
                       std::shared_ptr<const Tensor>& W, std::shared_ptr<const Tensor>& b) {
  const ValueId w_id = conv.has_input(1) ? conv.inputs[1] : kNone;
  const ValueId b_id = conv.has_input(2) ? conv.inputs[2] : kNone;
  W = constant_behind(graph, w_id);
  b = constant_behind(graph, b_id);
  if (W == nullptr || (b_id != kNone && b == nullptr)) {
    const NodeId maker = graph.values[W == nullptr ? w_id : b_id].producer;
    const bool quantised = maker != kNone && graph.nodes[maker].op_type == "DequantizeLinear";
    const std::string blocker = maker == kNone ? conv.name : graph.nodes[maker].name;
    if (quantised) return {"QUANTISED", "the convolution's weights are quantised", blocker};
    return {"DYNAMIC_WEIGHT", "the convolution's weights are computed by the model", blocker};
  }
  if (!overridable && (overridable_behind(graph, w_id) || overridable_behind(graph, b_id)))
    return {"OVERRIDABLE",
            "the convolution's weights are also inputs of the model, so a caller may "
            "replace them; allow OVERRIDABLE to fold all the same",
            conv.name};
  if (!is_floating(W->type()) || (b != nullptr && b->type() != W->type()))
    return {"TYPE_MISMATCH", "weights and bias differ in type", conv.name};
  const bool fits = W->shape().size() >= 3 &&
                    W->shape()[0] == static_cast<std::int64_t>(channels) &&
                    (b == nullptr || b->size() == W->shape()[0]);
  if (!fits)
    return {"TYPE_MISMATCH",
            str("the convolution's weights ", to_string(W->shape()), " do not give the ", channels,
                " channels that are normalised"),
            conv.name};
  return {};
}

bool scale_weights(const Tensor& W, const ChannelAffine& affine, Tensor& scaled) {
  const std::int64_t inner = W.shape()[0] == 0 ? 0 : W.size() / W.shape()[0];
  bool finite = true;
  for (std::int64_t o = 0; o < W.shape()[0]; ++o)
    for (std::int64_t i = o * inner; i < (o + 1) * inner; ++i)
      finite &=
          store_rounded(scaled, i, affine.s[static_cast<std::size_t>(o)] * element_as_double(W, i));
  return finite;
}

// b' and the largest (|s b| + |t|) / |b'|: how many times its rounding error the bias lost.
bool fold_bias(const Tensor* b, const ChannelAffine& affine, Tensor& folded, double& cancellation) {
  bool finite = true;
  for (std::size_t o = 0; o < affine.s.size(); ++o) {
    const auto i = static_cast<std::int64_t>(o);
    const double scaled = b == nullptr ? 0.0 : affine.s[o] * element_as_double(*b, i);
    const double sum = scaled + affine.t[o];
    finite &= store_rounded(folded, i, sum);
    const double parts = std::abs(scaled) + std::abs(affine.t[o]);
    if (sum != 0) cancellation = std::max(cancellation, parts / std::abs(sum));
  }
  return finite;
}

PassResult visit(const PassContext& context, NodeId id) {
  const Graph& graph = context.graph;
  const Node& bn = graph.nodes[id];
  if (!is_op(bn, "BatchNormalization") || !bn.epilogue.empty()) return {};
  const bool overridable = context.options.allow_overridable;
  FoldRefusal refusal;
  const auto affine = batchnorm_affine(graph, bn, overridable, refusal);
  if (!affine) return refuse(std::move(refusal));
  refusal = producer_refusal(graph, bn);
  if (!refusal.code.empty()) return refuse(std::move(refusal));
  const NodeId conv_id = graph.values[bn.inputs[0]].producer;
  const Node& conv = graph.nodes[conv_id];
  std::shared_ptr<const Tensor> W, b;
  refusal = weights_of(graph, conv, affine->s.size(), overridable, W, b);
  if (!refusal.code.empty()) return refuse(std::move(refusal));

  Decision decision;
  decision.pattern = "Conv->BatchNormalization";
  decision.blocker = conv.name;
  decision.message = "folded into " + conv.op_type + " '" + conv.name + "'";
  for (double s : affine->s) decision.max_scale = std::max(decision.max_scale, std::abs(s));
  Tensor scaled(W->type(), W->shape()), bias(W->type(), {W->shape()[0]});
  if (!scale_weights(*W, *affine, scaled) ||
      !fold_bias(b.get(), *affine, bias, decision.cancellation))
    return refuse(
        {"OVERFLOW",
         "a folded weight is beyond the range of " + std::string(data_type_name(W->type())),
         conv.name});
  Patch patch(graph);
  const std::string prefix = graph.values[bn.outputs[0]].name;
  patch.remove_node(id);
  patch.set_output(conv_id, 0, bn.outputs[0]);
  patch.set_input(
      conv_id, 1,
      patch.add_constant(graph.values[conv.inputs[1]].name + "_folded", std::move(scaled)));
  patch.set_input(
      conv_id, 2,
      patch.add_constant(
          (conv.has_input(2) ? graph.values[conv.inputs[2]].name : prefix + "_bias") + "_folded",
          std::move(bias)));
  return {std::move(patch), decision};
}

}  // namespace

PassDef fold_batchnorm() { return {Phase::Fold, "fold_batchnorm", visit}; }

}  // namespace keel::passes
