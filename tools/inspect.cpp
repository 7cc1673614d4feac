// keel inspect MODEL: what a model consists of.
#include <fmt/format.h>

#include <map>

#include "loaders/onnx_reader.h"
#include "runtime/error.h"
#include "runtime/folding/records.h"
#include "runtime/model.h"
#include "tools/command.h"
#include "tools/engine_flags.h"
#include "tools/result_stream.h"

namespace keel::tools {
namespace {

struct InspectFlags {
  EngineFlags engine;
  std::string model, output;
  bool nodes = false, weights = false;
};

Json value_json(const Graph& graph, const std::string& name, const TensorType& type) {
  Json dims = Json::array();
  for (Dim dim : type.dims) {
    if (dim >= 0)
      dims.push_back(dim);
    else
      dims.push_back(graph.dim_text(dim));
  }
  Json json{{"name", printable(name)}, {"type", data_type_name(type.type)}};
  json["shape"] = type.ranked ? dims : Json(nullptr);
  return json;
}

std::string value_text(const Graph& graph, const Json& value, const TensorType& type) {
  return fmt::format("  {}: {} {}\n", value["name"].get<std::string>(), data_type_name(type.type),
                     graph.shape_text(type));
}

// Floating-point operations and memory of one run; null where the shapes are not all known.
Json cost_of(const InspectFlags& flags, const Graph& graph) {
  for (ValueId id : graph.inputs)
    if (!graph.values[id].type.is_static() && graph.values[id].constant == nullptr) return nullptr;
  const Model model(build_model(graph, flags.engine.options()));
  std::vector<Shape> shapes;
  for (ValueId id : model.state().graph.inputs)
    shapes.push_back(model.state().graph.values[id].type.dims);
  const auto plan = model.state().plan(shapes);
  double flops = 0;
  for (const Step& step : plan->steps) flops += step.kernel.flops;
  return {{"flops", flops},
          {"activation_bytes", plan->arena_bytes},
          {"required_bytes", plan->required_bytes(model.threads())}};
}

int inspect(const InspectFlags& flags) {
  LoadedModel loaded = read_model(flags.model, flags.engine.options());
  Graph& graph = loaded.graph;
  std::map<std::string, int> ops;
  for (NodeId id : graph.order) ++ops[graph.nodes[id].op_type];
  std::int64_t parameters = 0, parameter_bytes = 0;
  for (const Value& value : graph.values) {
    if (value.constant == nullptr) continue;
    parameters += value.constant->size();
    parameter_bytes += static_cast<std::int64_t>(value.constant->byte_size());
  }
  std::string text =
      fmt::format("{}: IR {}, {} bytes, {} {}\n", printable(flags.model), loaded.info.ir_version,
                  loaded.info.bytes, printable(loaded.info.producer_name),
                  printable(loaded.info.producer_version));
  Json json{{"schema", "keel.inspect/1"},   {"model", flags.model},
            {"bytes", loaded.info.bytes},   {"ir_version", loaded.info.ir_version},
            {"opsets", loaded.info.opsets}, {"producer", printable(loaded.info.producer_name)}};
  for (const auto& [domain, version] : loaded.info.opsets)
    text += fmt::format("opset: {} {}\n", domain.empty() ? "ai.onnx" : printable(domain), version);
  for (const char* kind : {"inputs", "outputs"}) {
    text += fmt::format("{}:\n", kind);
    json[kind] = Json::array();
    const bool inputs = std::string_view(kind) == "inputs";
    for (ValueId id : inputs ? graph.inputs : graph.outputs) {
      const Value& value = graph.values[id];
      json[kind].push_back(value_json(graph, value.name, value.type));
      text += value_text(graph, json[kind].back(), value.type);
    }
  }
  text += fmt::format("nodes: {}\n", graph.order.size());
  for (const auto& [op, count] : ops) text += fmt::format("  {:<24} {}\n", printable(op), count);
  json["nodes"] = graph.order.size();
  json["ops"] = ops;
  text += fmt::format("parameters: {} ({} bytes)\n", parameters, parameter_bytes);
  json["parameters"] = parameters;
  json["parameter_bytes"] = parameter_bytes;

  std::vector<Decision> decisions;
  Json unsupported = Json::array();
  for (const UnsupportedNode& node : loaded.unsupported)
    unsupported.push_back(
        {{"node", printable(node.node)}, {"op", printable(node.op)}, {"reason", node.reason}});
  json["unsupported"] = unsupported;
  for (const Json& node : unsupported)
    text += fmt::format("unsupported: {} {}\n", node["op"].get<std::string>(),
                        node["node"].get<std::string>());
  if (loaded.unsupported.empty()) {
    Graph folded = graph;
    folded.link();
    optimize(folded, flags.engine.options(), {Phase::Fold}, decisions);
    int done = 0, kept = 0;
    for (const folding::FoldRecord& record : folding::fold_records(graph, decisions)) {
      if (record.op != "BatchNormalization") continue;
      record.status == "folded" ? ++done : ++kept;
    }
    text +=
        fmt::format("batch normalization: {} nodes, {} can be folded, {} stay\n",
                    ops.count("BatchNormalization") ? ops["BatchNormalization"] : 0, done, kept);
    json["batchnorm"] = {{"nodes", ops.count("BatchNormalization") ? ops["BatchNormalization"] : 0},
                         {"foldable", done},
                         {"kept", kept}};
    json["cost"] = cost_of(flags, graph);
    if (!json["cost"].is_null())
      text += fmt::format("one run: {:.3f} GFLOP, {:.1f} MB of activations\n",
                          json["cost"]["flops"].get<double>() * 1e-9,
                          json["cost"]["activation_bytes"].get<double>() / 1e6);
  }
  if (flags.nodes) {
    json["node_list"] = Json::array();
    for (NodeId id : graph.order) {
      const Node& node = graph.nodes[id];
      json["node_list"].push_back(
          {{"name", printable(node.name)}, {"op", printable(node.op_type)}});
      text += fmt::format("node {}: {}\n", printable(node.name), printable(node.op_type));
    }
  }
  if (flags.weights) {
    json["weight_list"] = Json::array();
    for (const Value& value : graph.values) {
      if (value.constant == nullptr) continue;
      const TensorType type{value.constant->type(), true, value.constant->shape()};
      json["weight_list"].push_back(value_json(graph, value.name, type));
      text += "weight" + value_text(graph, json["weight_list"].back(), type).substr(1);
    }
  }
  if (flags.engine.format == "json")
    write_json(flags.output, json);
  else
    write_text(flags.output, text);
  return 0;
}

}  // namespace

void add_inspect(CLI::App& app, ExitCode& exit) {
  auto flags = std::make_shared<InspectFlags>();
  CLI::App* command = app.add_subcommand("inspect", "Describe a model");
  command->add_option("MODEL", flags->model, "The .onnx file")->required();
  flags->engine.add_to(*command);
  command->add_flag("--nodes", flags->nodes, "List every node");
  command->add_flag("--weights", flags->weights, "List every stored tensor");
  command->add_option("-o,--output", flags->output, "Write the answer to this file");
  command->callback([flags, &exit] { exit.value = inspect(*flags); });
}

}  // namespace keel::tools
