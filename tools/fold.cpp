// keel fold MODEL -o OUT: folds batch normalization, proves it, writes a standard .onnx.
#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "loaders/onnx_reader.h"
#include "loaders/onnx_writer.h"
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
  bool dry_run = false;
  std::vector<std::string> allow;
};

std::map<std::string, int> count_ops(const Graph& graph) {
  std::map<std::string, int> counts;
  for (NodeId id : graph.order) ++counts[graph.nodes[id].op_type];
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

int fold(const FoldFlags& flags) {
  if (flags.output.empty() && !flags.dry_run)
    throw Error(ErrorCode::Usage, "fold: give -o OUT, or --dry-run");
  const Options options = fold_options(flags);
  LoadedModel loaded = read_model(flags.model, options, Purpose::Write);
  FoldReport report;
  report.input = describe_file(flags.model);
  report.ops_before = count_ops(loaded.graph);
  std::optional<Verifier> verifier;
  if (flags.verify > 0) {
    require_supported(loaded);
    verifier.emplace(loaded.graph, options, flags.input, flags.verify);
  }
  Graph folded = loaded.graph;
  std::vector<Decision> decisions;
  optimize(folded, options, {Phase::Fold}, decisions);
  report.records = folding::fold_records(loaded.graph, decisions);
  report.ops_after = count_ops(folded);
  const auto folds = static_cast<int>(std::count_if(
      decisions.begin(), decisions.end(), [](const Decision& decision) { return decision.done; }));
  const Options plain = Verifier::unoptimised(options);
  bool ok = true;
  if (flags.dry_run) {
    if (verifier) report.verified = verifier->check(Model(build_model(folded, plain)), folds);
    ok = !report.verified || report.verified->ok;
  } else {
    // What is verified is the file itself, before it takes its place.
    PendingModel pending(loaded, folded, flags.output);
    if (verifier) report.verified = verifier->check(Model::load(pending.temporary(), plain), folds);
    ok = !report.verified || report.verified->ok;
    if (ok) {
      pending.commit();
      report.output = describe_file(flags.output);
    }
  }
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
  command->add_flag("--dry-run", flags->dry_run, "Report, and write nothing");
  command->add_option("--report", flags->report, "Write the report as JSON to this file");
  command->add_option("--allow", flags->allow, "Fold in spite of this reason code")
      ->allow_extra_args(false);
  command->callback([flags, &exit] { exit.value = fold(*flags); });
}

}  // namespace keel::tools
