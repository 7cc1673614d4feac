#include "runtime/folding/absorb.h"

#include <algorithm>

#include "runtime/error.h"
#include "runtime/folding/chain.h"
#include "runtime/folding/commute.h"

namespace keel::folding {
namespace {

struct Producer {
  const char* op;
  Refusal (*absorb)(Work&, NodeId, const Affine&);
};
constexpr Producer kProducers[] = {{"Conv", absorb_before_conv},
                                   {"ConvTranspose", absorb_before_conv_transpose},
                                   {"Gemm", absorb_before_gemm},
                                   {"MatMul", absorb_before_matmul}};
constexpr Producer kConsumers[] = {{"Conv", absorb_behind_conv},
                                   {"ConvTranspose", absorb_behind_conv_transpose},
                                   {"Gemm", absorb_behind_gemm}};

void note_weights(Work& work, const Node& node) {
  if (!work.reached_weights) work.blocker = node.name;
  work.reached_weights = true;
}

Refusal into_concat(Work& work, const Node& concat, const Affine& map) {
  std::vector<std::string> path = work.path;
  path.insert(path.begin(), "Concat");
  for (std::size_t i = 0; i < concat.inputs.size(); ++i) {
    const auto part = branch_of(work.graph, concat, i, map);
    if (!part)
      return {"UNKNOWN_RANK", "the sizes of the branches of Concat are not known", concat.name};
    Refusal refusal = absorb_before(work, concat.inputs[i], *part, concat.name);
    if (refusal) return refusal;
    if (work.left_shift)
      return {"CONSUMER_NOT_FOLDABLE", "a branch of Concat is a MatMul, which has no bias",
              concat.name};
  }
  work.path = std::move(path);
  return {};
}

// The reader in whose data slot the value stands, once.
bool reads_once(const Node& node, ValueId value, std::size_t& slot) {
  if (std::count(node.inputs.begin(), node.inputs.end(), value) != 1) return false;
  if (std::count(node.captured.begin(), node.captured.end(), value) != 0) return false;
  slot = static_cast<std::size_t>(std::find(node.inputs.begin(), node.inputs.end(), value) -
                                  node.inputs.begin());
  return true;
}

Refusal into_reader(Work& work, NodeId id, ValueId value, const Affine& map) {
  const Node& node = work.graph.nodes[id];
  std::size_t slot = 0;
  if (!reads_once(node, value, slot) || !node.epilogue.empty() || !node.prologue.empty())
    return {"CONSUMER_NOT_FOLDABLE", node.op_type + " reads the value in another way than as data",
            node.name};
  const bool first = !work.reached_weights;
  if (is_op(node, "MatMul")) {
    note_weights(work, node);
    if (first) work.path.push_back(node.op_type);
    return absorb_behind_matmul(work, id, value, map);
  }
  for (const Producer& consumer : kConsumers)
    if (slot == 0 && is_op(node, consumer.op)) {
      note_weights(work, node);
      if (first) work.path.push_back(node.op_type);
      return consumer.absorb(work, id, map);
    }
  if (slot != 0)
    return {"CONSUMER_NOT_FOLDABLE", node.op_type + " reads the value in another way than as data",
            node.name};
  Refusal refusal;
  const auto moved = moved_behind(work.graph, node, map, refusal);
  if (!moved) return refusal;
  if (first) work.path.push_back(node.op_type);
  work.patch.mark_changed(node.outputs[0]);
  return absorb_behind(work, node.outputs[0], *moved, node.name);
}

}  // namespace

std::optional<Affine> branch_of(const Graph& graph, const Node& concat, std::size_t i,
                                const Affine& map) {
  if (map.uniform()) return map;
  std::size_t begin = 0;
  for (std::size_t k = 0; k <= i; ++k) {
    if (!concat.has_input(k)) return std::nullopt;
    const TensorType& type = graph.values[concat.inputs[k]].type;
    std::int64_t axis = concat.int_or("axis", 1);
    if (axis < 0) axis += type.rank();
    if (!type.ranked) return std::nullopt;
    if (axis != map.axis) return map;
    if (axis >= type.rank() || type.dims[axis] < 0) return std::nullopt;
    const auto size = static_cast<std::size_t>(type.dims[axis]);
    if (begin + size > map.channels()) return std::nullopt;
    if (k < i) {
      begin += size;
      continue;
    }
    std::vector<std::size_t> index(size);
    for (std::size_t c = 0; c < size; ++c) index[c] = begin + c;
    return gather(map, axis, index);
  }
  return std::nullopt;
}

Refusal absorb_before(Work& work, ValueId id, const Affine& map, const std::string& user) {
  const Value& value = work.graph.values[id];
  if (value.producer == kNone)
    return {"CONSUMER_NOT_FOLDABLE",
            "it normalises an input of the model, not the result of weights", ""};
  const Node& producer = work.graph.nodes[value.producer];
  // A producer that could not take the map up in any case is the better reason.
  const auto known = std::find_if(std::begin(kProducers), std::end(kProducers),
                                  [&](const Producer& row) { return is_op(producer, row.op); });
  const bool weights = known != std::end(kProducers), concat = is_op(producer, "Concat");
  Refusal refusal;
  std::optional<Affine> moved;
  if (weights) note_weights(work, producer);
  if (!weights && !concat && !(moved = moved_before(work.graph, producer, map, refusal)))
    return refusal;
  if (value.graph_output)
    return {"GRAPH_OUTPUT", "the result of " + producer.op_type + " is an output of the model",
            producer.name};
  if (value.users.size() > 1) {
    std::string other = user;
    for (NodeId node : value.users)
      if (work.graph.nodes[node].name != user) other = work.graph.nodes[node].name;
    return {"MULTI_USE", "the result of " + producer.op_type + " is used by another node too",
            other};
  }
  if (!producer.epilogue.empty())
    return {"ACTIVATION_BETWEEN", "an activation is part of " + producer.op_type, producer.name};
  work.patch.mark_changed(id);
  if (concat) return into_concat(work, producer, map);
  work.path.insert(work.path.begin(), producer.op_type);
  if (weights) return known->absorb(work, value.producer, map);
  return absorb_before(work, producer.inputs[0], *moved, producer.name);
}

Refusal absorb_behind(Work& work, ValueId id, const Affine& map, const std::string& producer) {
  const Value& value = work.graph.values[id];
  if (value.graph_output)
    return {"GRAPH_OUTPUT", "the normalised value is an output of the model", producer};
  if (value.users.empty()) return {"CONSUMER_NOT_FOLDABLE", "nothing reads the result", producer};
  for (NodeId user : value.users) {
    Refusal refusal = into_reader(work, user, id, map);
    if (refusal) return refusal;
  }
  return {};
}

Refusal add_shift(Work& work, const Node& like, const Affine& map, ValueId input, ValueId output) {
  const TensorType& type = work.graph.values[output].type;
  Shape shape;
  if (!map.uniform()) {
    if (!type.ranked) return {"UNKNOWN_RANK", "the rank of the result is not known", like.name};
    // [C, 1, ...]: C at the axis, ones behind it.
    shape.assign(static_cast<std::size_t>(type.rank() - map.axis), 1);
    shape[0] = static_cast<std::int64_t>(map.channels());
  }
  Tensor t;
  const Refusal refusal = round_to(like, type.type, std::move(shape), map.t, t);
  if (refusal) return refusal;
  add_constant_to(work, like, std::move(t), input, output);
  return {};
}

void add_constant_to(Work& work, const Node& like, Tensor constant, ValueId input, ValueId output) {
  Node node;
  node.name = like.name + "_shift";
  node.op_type = "Add";
  node.version = like.version;
  node.inputs = {input, work.patch.add_constant(like.name + "_shift", std::move(constant))};
  node.outputs = {output};
  work.patch.add_node(std::move(node));
}

}  // namespace keel::folding
