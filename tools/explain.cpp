// keel explain MODEL: what became of every BatchNormalization, and of every other rewrite, when the
// model is loaded for running.
#include <fmt/format.h>

#include "loaders/onnx_reader.h"
#include "runtime/error.h"
#include "runtime/model.h"
#include "tools/command.h"
#include "tools/engine_flags.h"
#include "tools/fold_report.h"

namespace keel::tools {
namespace {

struct ExplainFlags {
  EngineFlags engine;
  std::string model, node, output;
};

bool concerns(const ExplainFlags& flags, const std::string& node) {
  return flags.node.empty() || flags.node == node;
}

// Fusions, and whatever else passes decided that is no fold.
std::vector<Decision> other_decisions(const ExplainFlags& flags,
                                      const std::vector<Decision>& decisions) {
  std::vector<Decision> others;
  for (const Decision& decision : decisions)
    if (!folding::is_folding(decision) && concerns(flags, decision.node))
      others.push_back(decision);
  return others;
}

Json rewrite_json(const Decision& decision) {
  return {{"pass", decision.pass},
          {"name", printable(decision.node)},
          {"op", printable(decision.op)},
          {"done", decision.done},
          {"pattern", printable(decision.pattern)},
          {"code", decision.code},
          {"blocker", printable(decision.blocker)},
          {"message", printable_sentence(decision.message)}};
}

std::string rewrite_text(const Decision& decision) {
  if (decision.done)
    return fmt::format("fused   {}: {}\n", printable(decision.node), printable(decision.pattern));
  return fmt::format("alone   {}: {}: {} ('{}')\n", printable(decision.node), decision.code,
                     printable_sentence(decision.message), printable(decision.blocker));
}

int explain(const ExplainFlags& flags) {
  const Options options = flags.engine.options();
  Graph graph = read_graph(flags.model, options);
  const Graph original = graph;
  std::vector<Decision> decisions;
  optimize_for_running(graph, options, decisions);
  std::vector<folding::FoldRecord> records;
  for (folding::FoldRecord& record : folding::fold_records(original, decisions))
    if (concerns(flags, record.name)) records.push_back(std::move(record));
  const std::vector<Decision> others = other_decisions(flags, decisions);
  if (!flags.node.empty() && records.empty() && others.empty())
    throw Error(ErrorCode::Usage,
                "--node: nothing was decided on a node '" + printable(flags.node) + "'");
  if (flags.engine.format == "json") {
    Json nodes = Json::array(), rewrites = Json::array();
    for (const folding::FoldRecord& record : records) nodes.push_back(record_json(record));
    for (const Decision& decision : others) rewrites.push_back(rewrite_json(decision));
    write_json(flags.output, {{"schema", "keel.explain/1"},
                              {"model", flags.model},
                              {"nodes", nodes},
                              {"rewrites", rewrites}});
    return 0;
  }
  std::string text;
  for (const folding::FoldRecord& record : records) text += record_text(record);
  for (const Decision& decision : others) text += rewrite_text(decision);
  write_text(flags.output, text);
  return 0;
}

}  // namespace

void add_explain(CLI::App& app, ExitCode& exit) {
  auto flags = std::make_shared<ExplainFlags>();
  CLI::App* command =
      app.add_subcommand("explain", "Say what was folded and fused, and why the rest was not");
  command->add_option("MODEL", flags->model, "The .onnx file")->required();
  flags->engine.add_to(*command);
  command->add_option("--node", flags->node, "Only this node");
  command->add_option("-o,--output", flags->output, "Write the answer to this file");
  command->callback([flags, &exit] { exit.value = explain(*flags); });
}

}  // namespace keel::tools
