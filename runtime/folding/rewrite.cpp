#include "runtime/folding/rewrite.h"

#include "runtime/error.h"

namespace keel::folding {
namespace {

Refusal add_constant(Work& work, const Node& node, const std::string& what, const Shape& shape,
                     const std::vector<double>& values, DataType type, ValueId& id) {
  Tensor tensor;
  const Refusal refusal = round_to(node, type, shape, values, tensor);
  if (!refusal) id = work.patch.add_constant(node.name + "_" + what, std::move(tensor));
  return refusal;
}

// scale = s, B = t, mean 0, variance 1, epsilon 0.
Refusal add_batchnorm(Work& work, Node node, const Affine& map, DataType type, ValueId input,
                      ValueId output) {
  const Shape shape = {static_cast<std::int64_t>(map.channels())};
  const std::vector<double> zeros(map.channels(), 0), ones(map.channels(), 1);
  node.op_type = "BatchNormalization";
  node.inputs.assign(5, kNone);
  node.inputs[0] = input;
  node.outputs = {output};
  node.attributes["epsilon"] = 0.0f;
  const char* const names[] = {"scale", "bias", "mean", "var"};
  const std::vector<double>* const values[] = {&map.s, &map.t, &zeros, &ones};
  for (std::size_t i = 0; i < 4; ++i) {
    const Refusal refusal =
        add_constant(work, node, names[i], shape, *values[i], type, node.inputs[i + 1]);
    if (refusal) return refusal;
  }
  work.patch.add_node(std::move(node));
  return {};
}

Refusal add_arithmetic(Work& work, Node node, const char* op, const Shape& shape,
                       const std::vector<double>& values, DataType type, ValueId input,
                       ValueId output) {
  node.op_type = op;
  ValueId constant = kNone;
  const Refusal refusal = add_constant(work, node, node.op_type == "Mul" ? "scale" : "shift", shape,
                                       values, type, constant);
  if (refusal) return refusal;
  node.inputs = {input, constant};
  node.outputs = {output};
  work.patch.add_node(std::move(node));
  return {};
}

}  // namespace

std::size_t nodes_of(const Affine& map, bool batchnorm) {
  const auto arithmetic = static_cast<std::size_t>(map.scales()) + (map.shifts() ? 1 : 0);
  return batchnorm ? 1 : arithmetic;
}

Refusal add_map(Work& work, const std::string& name, int version, const Affine& map, bool batchnorm,
                const TensorType& type, ValueId input, ValueId output) {
  Node node;
  node.name = name;
  node.version = version;
  if (batchnorm) return add_batchnorm(work, std::move(node), map, type.type, input, output);
  Shape shape;
  if (!map.uniform()) {
    if (!type.ranked) return {"UNKNOWN_RANK", "the rank of the result is not known", name};
    shape.assign(static_cast<std::size_t>(type.rank() - map.axis), 1);
    shape[0] = static_cast<std::int64_t>(map.channels());
  }
  ValueId middle = input;
  if (map.scales()) {
    middle = map.shifts() ? work.patch.add_value(name + "_scaled", type) : output;
    Refusal refusal = add_arithmetic(work, node, "Mul", shape, map.s, type.type, input, middle);
    if (refusal || !map.shifts()) return refusal;
    node.name += "_shift";
  }
  return add_arithmetic(work, node, "Add", shape, map.t, type.type, middle, output);
}

}  // namespace keel::folding
