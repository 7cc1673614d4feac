#include "runtime/folding/weights.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>

#include "runtime/constants.h"
#include "runtime/error.h"
#include "runtime/memory_block.h"

namespace keel::folding {
namespace {

Refusal overflow(const Node& node, DataType type) {
  return {"OVERFLOW", "a folded weight is beyond the range of " + std::string(data_type_name(type)),
          node.name};
}

}  // namespace

Refusal read_weights(const Work& work, const Node& node, std::size_t slot,
                     std::shared_ptr<const Tensor>& weights) {
  const Graph& graph = work.graph;
  const ValueId id = node.has_input(slot) ? node.inputs[slot] : kNone;
  weights = constant_behind(graph, id);
  if (weights == nullptr) {
    const NodeId maker = id == kNone ? kNone : graph.values[id].producer;
    const std::string blocker = maker == kNone ? node.name : graph.nodes[maker].name;
    if (maker != kNone && graph.nodes[maker].op_type == "DequantizeLinear")
      return {"QUANTISED", "the weights of " + node.op_type + " are quantised", blocker};
    return {"DYNAMIC_WEIGHT",
            "the weights of " + node.op_type + " are computed by the model, not stored in it",
            blocker};
  }
  if (!work.allow_overridable && overridable_behind(graph, id))
    return {"OVERRIDABLE",
            "the weights of " + node.op_type +
                " are also inputs of the model, so a caller may replace them; allow OVERRIDABLE to "
                "fold all the same",
            node.name};
  if (!is_floating(weights->type()))
    return {"TYPE_MISMATCH",
            str("the weights of ", node.op_type, " are ", data_type_name(weights->type())),
            node.name};
  return {};
}

namespace {

// Blocks [begin, end) of `inner` elements, each with its factor. False where one is not finite.
bool scale_range(const Tensor& W, const std::vector<double>& factors, std::int64_t inner,
                 std::int64_t begin, std::int64_t end, Tensor& scaled) {
  bool finite = true;
  for (std::int64_t block = begin; block < end; ++block) {
    const double factor = factors[static_cast<std::size_t>(block) % factors.size()];
    const std::int64_t e = block * inner;
    if (W.type() == DataType::Float) {
      const float* from = W.data_as<float>() + e;
      float* to = scaled.data_as<float>() + e;
      for (std::int64_t i = 0; i < inner; ++i) {
        to[i] = static_cast<float>(factor * static_cast<double>(from[i]));
        finite &= std::abs(to[i]) <= std::numeric_limits<float>::max();
      }
    } else {
      for (std::int64_t i = e; i < e + inner; ++i)
        finite &= store_rounded(scaled, i, factor * element_as_double(W, i));
    }
  }
  return finite;
}

}  // namespace

Refusal scale_blocks(const Work& work, const Node& node, const Tensor& W,
                     const std::vector<double>& factors, std::int64_t inner, Tensor& scaled) {
  scaled = weight_tensor(W.type(), W.shape());
  constexpr std::int64_t kGrain = 128 << 10;  // elements
  const std::int64_t blocks = inner > 0 ? W.size() / inner : 0;
  if (work.parallel == nullptr || W.size() <= kGrain)
    return scale_range(W, factors, inner, 0, blocks, scaled) ? Refusal{} : overflow(node, W.type());
  std::atomic<bool> finite{true};
  work.parallel->enter([&] {
    work.parallel->ranges(blocks, kGrain / inner + 1, [&](std::int64_t begin, std::int64_t end) {
      if (!scale_range(W, factors, inner, begin, end, scaled)) finite = false;
    });
  });
  return finite ? Refusal{} : overflow(node, W.type());
}

Refusal round_to(const Node& node, DataType type, Shape shape, const std::vector<double>& values,
                 Tensor& rounded) {
  rounded = Tensor(type, std::move(shape));
  bool finite = true;
  for (std::size_t i = 0; i < values.size(); ++i)
    finite &= store_rounded(rounded, static_cast<std::int64_t>(i), values[i]);
  return finite ? Refusal{} : overflow(node, type);
}

void note_cancellation(Work& work, double scaled, double shift) {
  const double sum = scaled + shift, parts = std::abs(scaled) + std::abs(shift);
  if (sum != 0) work.cancellation = std::max(work.cancellation, parts / std::abs(sum));
}

void replace_weights(Work& work, NodeId node, std::size_t slot, Tensor tensor,
                     const std::string& fresh_name) {
  const Node& reader = work.graph.nodes[node];
  const ValueId id = reader.has_input(slot) ? reader.inputs[slot] : kNone;
  if (id == kNone) {
    work.patch.set_input(node, slot, work.patch.add_constant(fresh_name, std::move(tensor)));
    return;
  }
  const Value& value = work.graph.values[id];
  const bool own = value.users.size() == 1 && !value.graph_output && !value.graph_input &&
                   !value.outer && value.constant != nullptr && value.producer == kNone;
  if (own)
    work.patch.set_constant(id, std::make_shared<const Tensor>(std::move(tensor)));
  else
    work.patch.set_input(node, slot,
                         work.patch.add_constant(value.name + "_folded", std::move(tensor)));
}

std::string bias_name(const Graph& graph, ValueId weights) {
  const std::string& name = graph.values[weights].name;
  const std::string suffix = "weight";
  const bool ends = name.size() > suffix.size() &&
                    name.compare(name.size() - suffix.size(), suffix.size(), suffix) == 0;
  return ends ? name.substr(0, name.size() - suffix.size()) + "bias" : name + "_bias";
}

}  // namespace keel::folding
