// keel run MODEL: runs it once and prints, or saves, its outputs.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <numeric>

#include "loaders/files/tensor_file.h"
#include "loaders/onnx_reader.h"
#include "runtime/error.h"
#include "runtime/half.h"
#include "runtime/model.h"
#include "tools/command.h"
#include "tools/engine_flags.h"
#include "tools/input_flags.h"
#include "tools/interrupt.h"
#include "tools/result_stream.h"

namespace keel::tools {
namespace {

struct RunFlags {
  EngineFlags engine;
  InputFlags input;
  std::string model, save_outputs, labels, output;
  int top_k = 0;
  bool save_all = false, check_nan = false;
};

// Element i of a numeric tensor.
double number_at(const Tensor& tensor, std::int64_t i) {
  switch (tensor.type()) {
    case DataType::Float:
      return static_cast<double>(tensor.data_as<float>()[i]);
    case DataType::Double:
      return tensor.data_as<double>()[i];
    case DataType::Float16:
      return static_cast<double>(half_to_float(tensor.data_as<std::uint16_t>()[i]));
    case DataType::Int64:
      return static_cast<double>(tensor.data_as<std::int64_t>()[i]);
    case DataType::Int32:
      return tensor.data_as<std::int32_t>()[i];
    case DataType::Int16:
      return tensor.data_as<std::int16_t>()[i];
    case DataType::Int8:
      return tensor.data_as<std::int8_t>()[i];
    case DataType::Uint64:
      return static_cast<double>(tensor.data_as<std::uint64_t>()[i]);
    case DataType::Uint32:
      return tensor.data_as<std::uint32_t>()[i];
    case DataType::Uint16:
      return tensor.data_as<std::uint16_t>()[i];
    case DataType::Uint8:
      return tensor.data_as<std::uint8_t>()[i];
    case DataType::Bool:
      return tensor.data_as<bool>()[i] ? 1 : 0;
    default:
      return std::nan("");
  }
}

struct Summary {
  double min = INFINITY, max = -INFINITY, mean = 0;
  std::int64_t not_finite = 0;
};

Summary summarise(const Tensor& tensor) {
  Summary summary;
  for (std::int64_t i = 0; i < tensor.size(); ++i) {
    const double value = number_at(tensor, i);
    if (!std::isfinite(value)) {
      ++summary.not_finite;
      continue;
    }
    summary.min = std::min(summary.min, value);
    summary.max = std::max(summary.max, value);
    summary.mean += value;
  }
  const std::int64_t finite = tensor.size() - summary.not_finite;
  if (finite > 0) summary.mean /= static_cast<double>(finite);
  return summary;
}

// Indices of the k largest elements of row `row` (the last axis), largest first; ties by index.
std::vector<std::int64_t> top_of_row(const Tensor& tensor, std::int64_t row, std::int64_t width,
                                     int k) {
  std::vector<std::int64_t> indices(static_cast<std::size_t>(width));
  std::iota(indices.begin(), indices.end(), std::int64_t{0});
  const auto count = static_cast<std::ptrdiff_t>(std::min<std::int64_t>(k, width));
  std::partial_sort(indices.begin(), indices.begin() + count, indices.end(),
                    [&](std::int64_t a, std::int64_t b) {
                      const double x = number_at(tensor, row * width + a);
                      const double y = number_at(tensor, row * width + b);
                      return x > y || (x == y && a < b);
                    });
  indices.resize(static_cast<std::size_t>(count));
  return indices;
}

std::vector<std::string> read_labels(const std::string& path) {
  std::vector<std::string> labels;
  if (path.empty()) return labels;
  std::ifstream file(path);
  if (!file) throw Error(ErrorCode::Io, "cannot read labels '" + printable(path) + "'");
  for (std::string line; std::getline(file, line);) labels.push_back(line);
  return labels;
}

void add_top(const Tensor& tensor, const RunFlags& flags, const std::vector<std::string>& labels,
             std::string& text, Json& json) {
  const std::int64_t width = tensor.shape().empty() ? 1 : tensor.shape().back();
  const std::int64_t rows = width == 0 ? 0 : tensor.size() / width;
  Json all = Json::array();
  for (std::int64_t row = 0; row < rows; ++row) {
    if (rows > 1) text += fmt::format("  row {}\n", row);
    Json entries = Json::array();
    for (std::int64_t index : top_of_row(tensor, row, width, flags.top_k)) {
      const double value = number_at(tensor, row * width + index);
      const bool named = index < static_cast<std::int64_t>(labels.size());
      const std::string label = named ? printable(labels[static_cast<std::size_t>(index)]) : "";
      text += fmt::format("  {:<6} {:<12.6g} {}\n", index, value, label);
      Json entry{{"index", index}, {"value", value}};
      if (named) entry["label"] = label;
      entries.push_back(entry);
    }
    all.push_back(entries);
  }
  json["top"] = all;
}

// The model with every intermediate value as an output, unoptimised so that all of them exist.
Model load_with_all_values(const std::string& path, Options options) {
  Graph graph = read_graph(path, options);
  for (NodeId id : graph.order)
    for (ValueId output : graph.nodes[id].outputs) {
      if (output == kNone || graph.values[output].graph_output) continue;
      graph.values[output].graph_output = true;
      graph.outputs.push_back(output);
      if (!graph.output_names.empty()) graph.output_names.push_back(graph.values[output].name);
    }
  options.opt = OptLevel::None;
  return Model(build_model(std::move(graph), options));
}

int run(const RunFlags& flags) {
  if (flags.save_all && flags.save_outputs.empty())
    throw Error(ErrorCode::Usage, "--save-all: needs --save-outputs FILE");
  const Options options = flags.engine.options();
  const Model model = flags.save_all ? load_with_all_values(flags.model, options)
                                     : Model::load(flags.model, options);
  const NamedTensors inputs = flags.input.tensors(model, flags.engine.quiet);
  const NamedTensors outputs = model.run(inputs, {}, stoppable(flags.engine.timeout_seconds()));
  const std::vector<std::string> labels = read_labels(flags.labels);
  if (!flags.save_outputs.empty()) write_tensor_file(flags.save_outputs, outputs);

  std::string text;
  Json json{{"schema", "keel.run/1"}, {"model", flags.model}, {"isa", model.isa()}};
  json["outputs"] = Json::array();
  bool finite = true;
  for (const ValueInfo& info : model.outputs()) {
    const std::string name(info.name);
    const Tensor& tensor = outputs.at(name);
    const Summary summary = summarise(tensor);
    const bool numeric = tensor.type() != DataType::String;
    if (numeric && summary.not_finite > 0) finite = false;
    text += fmt::format("{}: {} {}", printable(name), data_type_name(tensor.type()),
                        to_string(tensor.shape()));
    if (numeric && tensor.size() > summary.not_finite)
      text += fmt::format(", min {:.6g}, max {:.6g}, mean {:.6g}", summary.min, summary.max,
                          summary.mean);
    if (numeric && summary.not_finite > 0)
      text += fmt::format(", {} not finite", summary.not_finite);
    text += '\n';
    Json entry{{"name", printable(name)},
               {"type", data_type_name(tensor.type())},
               {"shape", tensor.shape()},
               {"min", summary.min},
               {"max", summary.max},
               {"mean", summary.mean},
               {"not_finite", summary.not_finite}};
    if (flags.top_k > 0 && numeric) add_top(tensor, flags, labels, text, entry);
    json["outputs"].push_back(entry);
  }
  if (flags.engine.format == "json")
    write_json(flags.output, json);
  else if (!flags.engine.quiet || !flags.output.empty() || flags.top_k > 0)
    write_text(flags.output, text);
  if (flags.check_nan && !finite) {
    std::fprintf(stderr, "keel: check failed: an output holds NaN or infinity\n");
    return 1;
  }
  return 0;
}

}  // namespace

void add_run(CLI::App& app, ExitCode& exit) {
  auto flags = std::make_shared<RunFlags>();
  CLI::App* command = app.add_subcommand("run", "Run a model once");
  command->add_option("MODEL", flags->model, "The .onnx file")->required();
  flags->engine.add_to(*command);
  flags->input.add_to(*command);
  command->add_option("--save-outputs", flags->save_outputs, "Write the outputs to this .npz");
  command->add_flag("--save-all", flags->save_all, "Save every intermediate value too");
  command->add_flag("--check-nan", flags->check_nan, "Exit with 1 if an output is not finite");
  command->add_option("--top-k", flags->top_k, "Print the largest K of every row")
      ->check(CLI::PositiveNumber);
  command->add_option("--labels", flags->labels, "Names of classes, one a line");
  command->add_option("-o,--output", flags->output, "Write the answer to this file");
  command->callback([flags, &exit] { exit.value = run(*flags); });
}

}  // namespace keel::tools
