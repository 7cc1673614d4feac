#include "runtime/folding/batchnorm_map.h"

#include <cmath>

#include "runtime/constants.h"
#include "runtime/error.h"

namespace keel::folding {
namespace {

constexpr const char* kParameters[] = {"X", "scale", "B", "input_mean", "input_var"};

bool used(const Graph& graph, const Node& node, std::size_t output) {
  if (!node.has_output(output)) return false;
  const Value& value = graph.values[node.outputs[output]];
  return !value.users.empty() || value.graph_output;
}

bool refuse_mode(const Graph& graph, const Node& node, Refusal& refusal) {
  if (node.int_or("training_mode", 0) != 0) {
    refusal = {"TRAINING_MODE",
               "the node normalises with the statistics of its batch; export the "
               "model for inference to fold it",
               ""};
    return true;
  }
  if (node.int_or("spatial", 1) == 0) {
    refusal = {"SPATIAL_0",
               "the node normalises every activation with statistics of its own "
               "(spatial = 0), which is no map per channel",
               ""};
    return true;
  }
  for (std::size_t i = 1; i < node.outputs.size(); ++i)
    if (used(graph, node, i)) {
      refusal = {"EXTRA_OUTPUTS", "output " + std::to_string(i) + " of the node is used", ""};
      return true;
    }
  return false;
}

Refusal read_parameter(const Graph& graph, const Node& node, std::size_t slot,
                       bool allow_overridable, std::vector<double>& values) {
  const ValueId id = node.has_input(slot) ? node.inputs[slot] : kNone;
  const std::string name = kParameters[slot];
  const auto constant = constant_behind(graph, id);
  if (constant == nullptr)
    return {"DYNAMIC_BN", name + " is computed by the model, not stored in it", ""};
  if (overridable_behind(graph, id) && !allow_overridable)
    return {"OVERRIDABLE",
            name +
                " is also an input of the model, so a caller may replace it; allow OVERRIDABLE "
                "to fold it all the same",
            ""};
  if (!is_floating(constant->type()) || constant->shape().size() != 1)
    return {"TYPE_MISMATCH",
            str(name, ": expected a floating-point vector, got ", data_type_name(constant->type()),
                " ", to_string(constant->shape())),
            ""};
  values = as_doubles(*constant);
  return {};
}

}  // namespace

std::optional<Affine> batchnorm_map(const Graph& graph, const Node& node, bool allow_overridable,
                                    Refusal& refusal) {
  if (refuse_mode(graph, node, refusal)) return std::nullopt;
  std::vector<double> parameters[5];
  for (std::size_t i = 1; i < 5; ++i) {
    refusal = read_parameter(graph, node, i, allow_overridable, parameters[i]);
    if (!refusal && parameters[i].size() != parameters[1].size())
      refusal = {"TYPE_MISMATCH",
                 str(kParameters[i], " has ", parameters[i].size(), " elements, scale has ",
                     parameters[1].size()),
                 ""};
    if (refusal) return std::nullopt;
  }
  const double epsilon = static_cast<double>(node.float_or("epsilon", 1e-5f));
  Affine map{1, {}, {}};
  for (std::size_t c = 0; c < parameters[1].size(); ++c) {
    const double variance = parameters[4][c] + epsilon;
    if (!(variance > 0) || std::isinf(variance)) {
      refusal = {"BAD_VARIANCE",
                 str("channel ", c, " has variance ", parameters[4][c],
                     "; with epsilon it is not a positive number"),
                 ""};
      return std::nullopt;
    }
    map.s.push_back(parameters[1][c] / std::sqrt(variance));
    map.t.push_back(parameters[2][c] - parameters[3][c] * map.s.back());
  }
  // Of rank 1 the value has no axis of channels: there is one.
  const TensorType& x = graph.values[node.inputs[0]].type;
  if (x.ranked && x.rank() == 1 && map.channels() == 1) map.axis = Affine::kUniform;
  return map;
}

}  // namespace keel::folding
