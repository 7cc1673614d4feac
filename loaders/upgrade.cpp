#include "loaders/upgrade.h"

#include <cmath>
#include <string_view>

#include "runtime/error.h"
#include "runtime/half.h"
#include "runtime/tensor.h"

namespace keel::loaders {
namespace {

using Context = const UpgradeContext&;
using Ints = std::vector<std::int64_t>;

void set_input(Node& node, std::size_t slot, ValueId value) {
  if (node.inputs.size() <= slot) node.inputs.resize(slot + 1, kNone);
  node.inputs[slot] = value;
}

Tensor int_tensor(const Ints& values) {
  return make_tensor<std::int64_t>({static_cast<std::int64_t>(values.size())}, values);
}

// The attribute `name`, a list of integers, becomes the constant input `slot`.
void ints_to_input(Node& node, Context context, const char* name, std::size_t slot) {
  if (!node.has(name)) return;
  set_input(node, slot,
            context.add_constant(node.name + "/" + name, int_tensor(node.ints_or(name, {}))));
  node.attributes.erase(name);
}

// The element type of a value as far as the reader knows it: declared, that of a constant, or that
// of the first input of its producer, for operators that hand their type on.
DataType known_type(const Graph& graph, ValueId id) {
  for (int steps = 0; steps < 64 && id != kNone; ++steps) {
    const Value& value = graph.values[id];
    if (value.type.type != DataType::Undefined) return value.type.type;
    if (value.producer == kNone) break;
    const Node& producer = graph.nodes[value.producer];
    if (producer.op_type == "Cast")
      return static_cast<DataType>(producer.int_or("to", static_cast<int>(DataType::Float)));
    id = producer.inputs.empty() ? kNone : producer.inputs[0];
  }
  return DataType::Float;
}

Tensor scalar_of(DataType type, float value) {
  Tensor tensor(type == DataType::Double || type == DataType::Float16 ? type : DataType::Float, {});
  if (type == DataType::Double)
    *tensor.data_as<double>() = value;
  else if (type == DataType::Float16)
    *tensor.data_as<std::uint16_t>() = float_to_half(value);
  else
    *tensor.data_as<float>() = value;
  return tensor;
}

// The attribute `name`, a float, becomes the constant scalar input `slot` of the type of input 0.
void float_to_input(Node& node, Context context, const char* name, std::size_t slot) {
  if (!node.has(name)) return;
  const DataType type = known_type(context.graph, node.has_input(0) ? node.inputs[0] : kNone);
  set_input(node, slot,
            context.add_constant(node.name + "/" + name, scalar_of(type, node.float_or(name, 0))));
  node.attributes.erase(name);
}

void flag_to_input(Node& node, Context context, const char* name, std::size_t slot, bool value) {
  set_input(node, slot,
            context.add_constant(node.name + "/" + name, make_tensor<bool>({}, {value})));
}

// Each function brings one operator from the versions below the one in the table to that version,
// in the vocabulary of the newest.

void clip(Node& node, Context context) {
  float_to_input(node, context, "min", 1);
  float_to_input(node, context, "max", 2);
}

void slice(Node& node, Context context) {
  ints_to_input(node, context, "starts", 1);
  ints_to_input(node, context, "ends", 2);
  ints_to_input(node, context, "axes", 3);
}

void pad_1(Node& node, Context) {
  const auto it = node.attributes.find("paddings");
  if (it == node.attributes.end()) return;
  node.attributes["pads"] = it->second;
  node.attributes.erase("paddings");
}

void pad(Node& node, Context context) {
  ints_to_input(node, context, "pads", 1);
  float_to_input(node, context, "value", 2);
}

void top_k(Node& node, Context context) {
  if (!node.has("k")) return;
  set_input(node, 1, context.add_constant(node.name + "/k", int_tensor({node.int_or("k", 0)})));
  node.attributes.erase("k");
}

void axes(Node& node, Context context) { ints_to_input(node, context, "axes", 1); }
void split(Node& node, Context context) { ints_to_input(node, context, "split", 1); }
void reshape(Node& node, Context context) { ints_to_input(node, context, "shape", 1); }

void split_evenly(Node& node, Context) {
  if (!node.has_input(1))
    node.attributes["num_outputs"] = static_cast<std::int64_t>(node.outputs.size());
}

void dropout_6(Node& node, Context context) {
  if (node.int_or("is_test", 0) == 0) flag_to_input(node, context, "training_mode", 2, true);
  node.attributes.erase("is_test");
}

void dropout(Node& node, Context context) { float_to_input(node, context, "ratio", 1); }

void batch_norm_6(Node& node, Context) {
  if (node.int_or("is_test", 0) == 0) node.attributes["training_mode"] = std::int64_t{1};
  node.attributes.erase("is_test");
}

void batch_norm(Node& node, Context) {
  if (node.int_or("spatial", 1) != 0) node.attributes.erase("spatial");
}

// Coerced to 2-D at the axis, which was 1 where not given.
void flattening(Node& node, Context) {
  node.attributes["axis"] = node.int_or("axis", 1);
  node.attributes["flatten"] = std::int64_t{1};
}

// `axis` stays: the first dim of B stands at that axis of A. Without it numpy's rule gives the
// same.
void broadcasting(Node& node, Context) {
  if (node.int_or("broadcast", 0) == 0) node.attributes.erase("axis");
  node.attributes.erase("broadcast");
}

void no_broadcast(Node& node, Context) { node.attributes.erase("broadcast"); }

// One slope for each channel.
void p_relu(Node& node, Context context) {
  if (node.inputs.size() < 2 || node.inputs[1] == kNone) return;
  const TensorType& slope = context.graph.values[node.inputs[1]].type;
  if (slope.ranked && slope.rank() == 1 && slope.dims[0] != 1)
    node.attributes["axis"] = std::int64_t{1};
}

void upsample_1(Node& node, Context) {
  const float height = node.float_or("height_scale", 1), width = node.float_or("width_scale", 1);
  node.attributes["scales"] = std::vector<float>{1, 1, height, width};
  node.attributes.erase("height_scale");
  node.attributes.erase("width_scale");
}

void upsample_7(Node& node, Context context) {
  if (!node.has("scales")) return;
  const std::vector<float> scales = node.floats_or("scales", {});
  set_input(
      node, 1,
      context.add_constant(node.name + "/scales",
                           make_tensor<float>({static_cast<std::int64_t>(scales.size())}, scales)));
  node.attributes.erase("scales");
}

// X, scales -> X, roi, scales; the grid starts at the corner.
void resize_10(Node& node, Context) {
  if (node.inputs.size() == 2) node.inputs.insert(node.inputs.begin() + 1, kNone);
  node.attributes["coordinate_transformation_mode"] = std::string("asymmetric");
  node.attributes["nearest_mode"] = std::string("floor");
}

void upsample(Node& node, Context context) {
  if (node.string_or("mode", "nearest") == "bilinear")
    node.attributes["mode"] = std::string("linear");
  node.op_type = "Resize";
  resize_10(node, context);
}

// Before opset 13 an absent roi or scales was an empty tensor.
void resize_inputs(Node& node, Context context) {
  for (std::size_t slot = 1; slot < std::min<std::size_t>(3, node.inputs.size()); ++slot) {
    const Tensor* tensor = context.graph.constant(node.inputs[slot]);
    if (tensor != nullptr && tensor->size() == 0) node.inputs[slot] = kNone;
  }
}

void scatter(Node& node, Context) { node.op_type = "ScatterElements"; }

void roi_align(Node& node, Context) {
  node.attributes["coordinate_transformation_mode"] = std::string("output_half_pixel");
}

void grid_sample(Node& node, Context) {
  const std::string mode = node.string_or("mode", "bilinear");
  node.attributes["mode"] = mode == "bilinear"  ? std::string("linear")
                            : mode == "bicubic" ? std::string("cubic")
                                                : mode;
}

void dft(Node& node, Context context) {
  const std::int64_t axis = node.int_or("axis", 1);
  set_input(node, 2,
            context.add_constant(node.name + "/axis", make_tensor<std::int64_t>({}, {axis})));
  node.attributes.erase("axis");
}

void group_norm(Node& node, Context) { node.attributes["per_group"] = std::int64_t{1}; }

void cast_1(Node& node, Context) {
  const auto it = node.attributes.find("to");
  if (it == node.attributes.end() || !std::holds_alternative<std::string>(it->second)) return;
  std::string name = std::get<std::string>(it->second);
  for (char& c : name)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  for (int type = 1; type <= static_cast<int>(DataType::Float4E2M1); ++type)
    if (data_type_name(static_cast<DataType>(type)) == name) {
      it->second = static_cast<std::int64_t>(type);
      return;
    }
  node.fail_attribute("to", "unknown type '" + printable(name) + "'");
}

void concat_1(Node& node, Context) { node.attributes["axis"] = node.int_or("axis", 1); }

void selu_1(Node& node, Context) {
  node.attributes["alpha"] = node.float_or("alpha", 1.6732F);
  node.attributes["gamma"] = node.float_or("gamma", 1.0507F);
}

void float_p(Node& node, Context) {
  const auto it = node.attributes.find("p");
  if (it != node.attributes.end() && std::holds_alternative<float>(it->second)) {
    const float p = std::get<float>(it->second);
    if (!(p >= 0 && p < 1e6F && p == std::floor(p)))
      node.fail_attribute("p", str("expected a whole number, got ", p));
    it->second = static_cast<std::int64_t>(p);
  }
}

// Said whether Y was wanted, which the node's outputs say.
void recurrent(Node& node, Context) { node.attributes.erase("output_sequence"); }

struct Upgrade {
  std::string_view op;
  int below;  // applies to versions below this one
  void (*apply)(Node&, Context);
};

// In the order in which they apply to one node.
constexpr Upgrade kUpgrades[] = {
    {"Cast", 6, cast_1},
    {"Concat", 4, concat_1},
    {"Selu", 6, selu_1},
    {"GlobalLpPool", 2, float_p},
    {"LpPool", 2, float_p},
    {"Reshape", 5, reshape},
    {"Pad", 2, pad_1},
    {"Add", 7, broadcasting},
    {"Sub", 7, broadcasting},
    {"Mul", 7, broadcasting},
    {"Div", 7, broadcasting},
    {"Pow", 7, broadcasting},
    {"And", 7, broadcasting},
    {"Or", 7, broadcasting},
    {"Xor", 7, broadcasting},
    {"Equal", 7, broadcasting},
    {"Greater", 7, broadcasting},
    {"Less", 7, broadcasting},
    {"PRelu", 7, p_relu},
    {"Gemm", 7, no_broadcast},
    {"RNN", 7, recurrent},
    {"LSTM", 7, recurrent},
    {"GRU", 7, recurrent},
    {"BatchNormalization", 7, batch_norm_6},
    {"BatchNormalization", 9, batch_norm},
    {"Dropout", 7, dropout_6},
    {"Dropout", 12, dropout},
    {"Upsample", 7, upsample_1},
    {"Upsample", 9, upsample_7},
    {"Upsample", 1 << 30, upsample},
    {"Resize", 11, resize_10},
    {"Resize", 13, resize_inputs},
    {"TopK", 10, top_k},
    {"Slice", 10, slice},
    {"Clip", 11, clip},
    {"Pad", 11, pad},
    {"Scatter", 1 << 30, scatter},
    {"Softmax", 13, flattening},
    {"LogSoftmax", 13, flattening},
    {"Hardmax", 13, flattening},
    {"Squeeze", 13, axes},
    {"Unsqueeze", 13, axes},
    {"Split", 13, split},
    {"Split", 18, split_evenly},
    {"ReduceSum", 13, axes},
    {"ReduceL1", 18, axes},
    {"ReduceL2", 18, axes},
    {"ReduceLogSum", 18, axes},
    {"ReduceLogSumExp", 18, axes},
    {"ReduceMax", 18, axes},
    {"ReduceMean", 18, axes},
    {"ReduceMin", 18, axes},
    {"ReduceProd", 18, axes},
    {"ReduceSumSquare", 18, axes},
    {"RoiAlign", 16, roi_align},
    {"GridSample", 20, grid_sample},
    {"DFT", 20, dft},
    {"GroupNormalization", 21, group_norm},
};

}  // namespace

void upgrade(Node& node, const UpgradeContext& context) {
  if (node.version < 6) node.attributes.erase("consumed_inputs");
  const std::string op = node.op_type;
  for (const Upgrade& row : kUpgrades)
    if (row.op == op && node.version < row.below) row.apply(node, context);
}

}  // namespace keel::loaders
