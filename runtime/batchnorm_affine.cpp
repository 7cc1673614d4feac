#include "runtime/batchnorm_affine.h"

#include <cmath>

#include "runtime/constants.h"
#include "runtime/error.h"

namespace keel {
namespace {

constexpr const char* kParameters[] = {"X", "scale", "B", "input_mean", "input_var"};

bool used(const Graph& graph, const Node& node, std::size_t output) {
  if (!node.has_output(output)) return false;
  const Value& value = graph.values[node.outputs[output]];
  return !value.users.empty() || value.graph_output;
}

bool refuse_mode(const Graph& graph, const Node& node, FoldRefusal& refusal) {
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

}  // namespace

std::optional<ChannelAffine> batchnorm_affine(const Graph& graph, const Node& node,
                                              bool allow_overridable, FoldRefusal& refusal) {
  if (refuse_mode(graph, node, refusal)) return std::nullopt;
  std::vector<double> parameters[5];
  for (std::size_t i = 1; i < 5; ++i) {
    const ValueId id = node.has_input(i) ? node.inputs[i] : kNone;
    const auto constant = constant_behind(graph, id);
    if (constant == nullptr) {
      refusal = {"DYNAMIC_BN",
                 std::string(kParameters[i]) +
                     " is computed by the model, not stored "
                     "in it",
                 ""};
      return std::nullopt;
    }
    if (overridable_behind(graph, id) && !allow_overridable) {
      refusal = {"OVERRIDABLE",
                 std::string(kParameters[i]) +
                     " is also an input of the model, so a "
                     "caller may replace it; allow OVERRIDABLE to fold it all the same",
                 ""};
      return std::nullopt;
    }
    if (!is_floating(constant->type()) || constant->shape().size() != 1) {
      refusal = {"TYPE_MISMATCH",
                 str(kParameters[i], ": expected a floating-point vector, got ",
                     data_type_name(constant->type()), " ", to_string(constant->shape())),
                 ""};
      return std::nullopt;
    }
    parameters[i] = as_doubles(*constant);
    if (parameters[i].size() != parameters[1].size()) {
      refusal = {"TYPE_MISMATCH",
                 str(kParameters[i], " has ", parameters[i].size(), " elements, scale has ",
                     parameters[1].size()),
                 ""};
      return std::nullopt;
    }
  }
  const double epsilon = static_cast<double>(node.float_or("epsilon", 1e-5f));
  ChannelAffine affine;
  for (std::size_t c = 0; c < parameters[1].size(); ++c) {
    const double variance = parameters[4][c] + epsilon;
    if (!(variance > 0) || std::isinf(variance)) {
      refusal = {"BAD_VARIANCE",
                 str("channel ", c, " has variance ", parameters[4][c],
                     "; with epsilon it is not a positive number"),
                 ""};
      return std::nullopt;
    }
    const double s = parameters[1][c] / std::sqrt(variance);
    affine.s.push_back(s);
    affine.t.push_back(parameters[2][c] - parameters[3][c] * s);
  }
  return affine;
}

}  // namespace keel
