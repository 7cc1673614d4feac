// keel fold MODEL -o OUT: folds batch normalization, proves it, writes a standard .onnx.
#include <fmt/format.h>
#include <malloc.h>

#include <map>
#include <set>

#include "loaders/onnx_reader.h"
#include "loaders/onnx_writer.h"
#include "runtime/all_nodes.h"
#include "runtime/error.h"
#include "runtime/model.h"
#include "tools/command.h"
#include "tools/engine_flags.h"
#include "tools/fold_report.h"

namespace keel::tools {
namespace {

struct FoldFlags {
  EngineFlags engine;
  InputFlags input;
  std::string model, output, report;
  int verify = 1;
  bool dry_run = false, all_nodes = false, external_data = false;
  std::vector<std::string> allow;
};

std::map<std::string, int> count_ops(const Graph& graph) {
  std::map<std::string, int> counts;
  for_each_node(graph, [&](const Node& node) { ++counts[node.op_type]; });
  return counts;
}

Options fold_options(const FoldFlags& flags) {
  Options options = flags.engine.options();
  for (const std::string& code : flags.allow) {
    if (code != "OVERRIDABLE")
      throw Error(ErrorCode::Usage, "--allow: expected OVERRIDABLE, got '" + printable(code) + "'");
    options.allow_overridable = true;
  }
  return options;
}

// Values that both models have under one name and that are not the same any more.
std::set<std::string> changed_names(const Graph& graph) {
  std::set<std::string> names;
  for (const Value& value : graph.values)
    if (value.changed) names.insert(value.name);
  return names;
}

// Folds, and fills the report in but for verification and output.
Graph fold_graph(const LoadedModel& loaded, const Options& options, FoldReport& report) {
  report.ops_before = count_ops(loaded.graph);
  Graph folded = loaded.graph;
  std::vector<Decision> decisions;
  optimize(folded, options, {Phase::Fold}, decisions);
  report.records = folding::fold_records(loaded.graph, decisions);
  report.ops_after = count_ops(folded);
  return folded;
}

// Verifies the file itself, before it takes its place. The weights of both models are in memory
// once at a time: those the file was made from are gone by now.
VerifyResult verify_file(const FoldFlags& flags, const Options& options,
                         const std::set<std::string>& changed, const std::string& written) {
  const Graph original = read_graph(flags.model, options);
  Options beside = options;
  beside.external_root.clear();
  const Graph folded = read_graph(written, beside);
  return verify_fold(original, folded, changed, options, flags.input, flags.verify);
}

bool write_folded(const FoldFlags& flags, const Options& options, LoadedModel& loaded,
                  FoldReport& report) {
  Graph folded = fold_graph(loaded, options, report);
  const std::set<std::string> changed = changed_names(folded);
  if (flags.dry_run) {
    if (flags.verify > 0)
      report.verified =
          verify_fold(loaded.graph, folded, changed, options, flags.input, flags.verify);
    return !report.verified || report.verified->ok;
  }
  // Only the folded weights are of use from here on.
  PendingModel pending(loaded, folded, flags.output, {flags.external_data, true});
  folded = Graph();
  loaded = LoadedModel();
  if (flags.verify > 0) report.verified = verify_file(flags, options, changed, pending.temporary());
  if (report.verified && !report.verified->ok) return false;
  pending.commit();
  report.output = describe_file(flags.output);
  return true;
}

// Weights of models that are no longer needed go back to the system at once, instead of staying in
// holes of the heap: at any time two sets of weights are in memory.
void return_memory_early() {
#ifdef __GLIBC__
  ::mallopt(M_MMAP_THRESHOLD, 256 << 10);
#endif
}

int fold(const FoldFlags& flags) {
  if (flags.output.empty() && !flags.dry_run)
    throw Error(ErrorCode::Usage, "fold: give -o OUT, or --dry-run");
  return_memory_early();
  const Options options = fold_options(flags);
  LoadedModel loaded = read_model(flags.model, options, Purpose::Write);
  if (flags.verify > 0) require_supported(loaded);
  FoldReport report;
  report.all_nodes = flags.all_nodes;
  report.input = describe_file(flags.model);
  const bool ok = write_folded(flags, options, loaded, report);
  if (!flags.report.empty()) write_json(flags.report, as_json(report));
  if (flags.engine.format == "json")
    write_json("", as_json(report));
  else if (!flags.engine.quiet)
    write_text("", as_text(report, flags.engine.verbose));
  if (!ok)
    std::fprintf(stderr, "keel: check failed: the folded model differs; nothing was written\n");
  return ok ? 0 : 1;
}

}  // namespace

void add_fold(CLI::App& app, ExitCode& exit) {
  auto flags = std::make_shared<FoldFlags>();
  CLI::App* command = app.add_subcommand("fold", "Fold batch normalization into its neighbours");
  command->add_option("MODEL", flags->model, "The .onnx file")->required();
  flags->engine.add_to(*command);
  flags->input.add_to(*command);
  command->add_option("-o,--output", flags->output, "The .onnx file to write");
  command->add_option("--verify", flags->verify, "Inputs to compare original and result on")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  command->add_flag("--all-nodes", flags->all_nodes,
                    "Report the error of every layer that changed, largest first");
  command->add_flag("--external-data", flags->external_data,
                    "Write large weights to a file beside the model");
  command->add_flag("--dry-run", flags->dry_run, "Report, and write nothing");
  command->add_option("--report", flags->report, "Write the report as JSON to this file");
  command->add_option("--allow", flags->allow, "Fold in spite of this reason code")
      ->allow_extra_args(false);
  command->callback([flags, &exit] { exit.value = fold(*flags); });
}

}  // namespace keel::tools
