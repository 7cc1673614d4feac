// keel profile MODEL: where the time of a run goes, node by node.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numeric>

#include "runtime/error.h"
#include "runtime/model.h"
#include "tools/command.h"
#include "tools/engine_flags.h"
#include "tools/input_flags.h"
#include "tools/interrupt.h"
#include "tools/machine.h"
#include "tools/result_stream.h"

namespace keel::tools {
namespace {

struct ProfileFlags {
  EngineFlags engine;
  InputFlags input;
  std::string model, output;
  int runs = 20, warmup = 3;
};

int profile(const ProfileFlags& flags) {
  const Model model = Model::load(flags.model, flags.engine.options());
  const NamedTensors inputs = flags.input.tensors(model, flags.engine.quiet);
  Session session = model.session();
  for (const auto& [name, tensor] : inputs) session.bind_input(name, tensor);
  const RunOptions options = stoppable(flags.engine.timeout_seconds());
  for (int i = 0; i < flags.warmup; ++i) session.run(options);
  std::vector<double> seconds;
  session.state().step_seconds = &seconds;
  for (int i = 0; i < flags.runs; ++i) session.run(options);

  const std::vector<Step>& steps = session.state().plan()->steps;
  const double total = std::accumulate(seconds.begin(), seconds.end(), 0.0);
  const double peak = measured_peak(*model.state().kernels, model.threads());
  std::vector<std::size_t> order(steps.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return seconds[a] > seconds[b]; });
  std::map<std::string, double> by_op;
  Json nodes = Json::array();
  std::string text;
  for (std::size_t s : order) {
    const Node& node = model.state().graph.nodes[steps[s].node];
    const double one = seconds[s] / flags.runs;
    const double gflops = one > 0 ? steps[s].kernel.flops / one * 1e-9 : 0;
    by_op[node.op_type] += one;
    nodes.push_back({{"name", printable(node.name)},
                     {"op", printable(node.op_type)},
                     {"time_us", one * 1e6},
                     {"share", total > 0 ? seconds[s] / total : 0},
                     {"gflops_per_s", gflops},
                     {"peak_fraction", gflops / peak},
                     {"kernel", steps[s].kernel.name},
                     {"note", steps[s].dynamic ? "prepared during the run" : ""}});
    text += fmt::format("{:9.1f} us {:5.1f} %  {:7.1f} GFLOP/s {:4.0f} %  {:<18} {:<28} {}\n",
                        one * 1e6, 100 * seconds[s] / total, gflops, 100 * gflops / peak,
                        node.op_type, steps[s].kernel.name, printable(node.name));
  }
  std::vector<std::pair<double, std::string>> ops;
  for (const auto& [op, time] : by_op) ops.emplace_back(time, op);
  std::sort(ops.rbegin(), ops.rend());
  text += "\n";
  for (const auto& [time, op] : ops)
    text +=
        fmt::format("{:9.1f} us {:5.1f} %  {}\n", time * 1e6, 100 * time * flags.runs / total, op);
  text += fmt::format("{:9.1f} us in all, {} threads, {}; peak {:.0f} GFLOP/s\n",
                      total / flags.runs * 1e6, model.threads(), model.isa(), peak);
  if (flags.engine.format == "json")
    write_json(flags.output, {{"schema", "keel.profile/1"},
                              {"model", flags.model},
                              {"isa", model.isa()},
                              {"threads", model.threads()},
                              {"runs", flags.runs},
                              {"total_us", total / flags.runs * 1e6},
                              {"peak_gflops_per_s", peak},
                              {"nodes", nodes}});
  else
    write_text(flags.output, text);
  return 0;
}

}  // namespace

void add_profile(CLI::App& app, ExitCode& exit) {
  auto flags = std::make_shared<ProfileFlags>();
  CLI::App* command = app.add_subcommand("profile", "Show where the time of a run goes");
  command->add_option("MODEL", flags->model, "The .onnx file")->required();
  flags->engine.add_to(*command);
  flags->input.add_to(*command);
  command->add_option("--runs", flags->runs, "Runs to add up")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command->add_option("--warmup", flags->warmup, "Runs before them")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  command->add_option("-o,--output", flags->output, "Write the answer to this file");
  command->callback([flags, &exit] { exit.value = profile(*flags); });
}

}  // namespace keel::tools
