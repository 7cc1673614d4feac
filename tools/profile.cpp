// keel profile MODEL: where the time of a run goes, node by node.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numeric>

#include "runtime/error.h"
#include "runtime/model.h"
#include "tools/command.h"
#include "tools/engine_flags.h"
#include "tools/first_run.h"
#include "tools/interrupt.h"
#include "tools/machine.h"
#include "tools/profile_html.h"
#include "tools/profile_trace.h"
#include "tools/result_stream.h"

namespace keel::tools {
namespace {

struct ProfileFlags {
  EngineFlags engine;
  InputFlags input;
  std::string model, output, trace, html;
  int runs = 20, warmup = 3;
};

// Microseconds of a run that each step of the plan took.
std::vector<double> step_times(FirstRun& first, const ProfileFlags& flags) {
  const RunOptions options = stoppable(flags.engine.timeout_seconds());
  for (int i = 0; i < flags.warmup; ++i) first.session.run(options);
  std::vector<double> seconds;
  first.session.state().step_seconds = &seconds;
  for (int i = 0; i < flags.runs; ++i) first.session.run(options);
  first.session.state().step_seconds = nullptr;
  for (double& time : seconds) time *= 1e6 / flags.runs;
  return seconds;
}

std::string note_of(const Step& step) {
  return step.dynamic ? "prepared during the run" : step.kernel.note;
}

// `index` is the step's place in the run.
Json node_json(const Node& node, const Step& step, std::size_t index, double us, double total_us,
               double peak) {
  const double gflops = us > 0 ? step.kernel.flops / us * 1e-3 : 0;
  return {{"step", index},
          {"name", printable(node.name)},
          {"op", printable(node.op_type)},
          {"time_us", us},
          {"share", total_us > 0 ? us / total_us : 0},
          {"gflops_per_s", gflops},
          {"peak_fraction", peak > 0 ? gflops / peak : 0},
          {"kernel", step.kernel.name},
          {"note", note_of(step)}};
}

// The operators of a list of nodes, the slowest first.
Json ops_json(const Json& nodes) {
  struct Sum {
    double us = 0, share = 0;
    int nodes = 0;
  };
  std::map<std::string, Sum> sums;
  for (const Json& node : nodes) {
    Sum& sum = sums[node["op"].get<std::string>()];
    sum.us += node["time_us"].get<double>();
    sum.share += node["share"].get<double>();
    ++sum.nodes;
  }
  std::vector<std::pair<std::string, Sum>> ops(sums.begin(), sums.end());
  std::stable_sort(ops.begin(), ops.end(),
                   [](const auto& a, const auto& b) { return a.second.us > b.second.us; });
  Json list = Json::array();
  for (const auto& [op, sum] : ops)
    list.push_back({{"op", op}, {"nodes", sum.nodes}, {"time_us", sum.us}, {"share", sum.share}});
  return list;
}

Json measure(const ProfileFlags& flags) {
  FirstRun first = first_run(flags.model, flags.engine, flags.input, flags.engine.quiet);
  const std::vector<double> us = step_times(first, flags);
  const Model::State& model = first.model.state();
  const std::vector<Step>& steps = first.session.state().plan()->steps;
  const double total = std::accumulate(us.begin(), us.end(), 0.0);
  const double peak = measured_peak(*model.kernels, model.threads);
  std::vector<std::size_t> order(steps.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return us[a] > us[b]; });
  Json nodes = Json::array();
  double flops = 0;
  for (std::size_t s : order) {
    nodes.push_back(node_json(model.graph.nodes[steps[s].node], steps[s], s, us[s], total, peak));
    flops += steps[s].kernel.flops;
  }
  return {{"schema", "keel.profile/1"},
          {"model", flags.model},
          {"isa", first.model.isa()},
          {"cpu", cpu_name()},
          {"precision", flags.engine.precision},
          {"threads", first.model.threads()},
          {"runs", flags.runs},
          {"total_us", total},
          {"gflops_per_s", total > 0 ? flops / total * 1e-3 : 0},
          {"peak_gflops_per_s", peak},
          {"ops", ops_json(nodes)},
          {"nodes", nodes}};
}

std::string node_text(const Json& node) {
  const double gflops = node["gflops_per_s"].get<double>();
  const std::string speed = gflops > 0 ? fmt::format("{:8.1f} {:4.0f} %", gflops,
                                                     100 * node["peak_fraction"].get<double>())
                                       : std::string(15, ' ');
  const std::string note = node["note"].get<std::string>();
  return fmt::format("{:10.1f} {:5.1f} % {}  {:<20} {:<28} {}{}\n", node["time_us"].get<double>(),
                     100 * node["share"].get<double>(), speed, node["op"].get<std::string>(),
                     node["kernel"].get<std::string>(), node["name"].get<std::string>(),
                     note.empty() ? "" : "  [" + note + "]");
}

std::string as_text(const Json& json) {
  std::string text =
      fmt::format("{:>10} {:>7} {:>8} {:>6}  {:<20} {:<28} {}\n", "us", "share", "GFLOP/s", "peak",
                  "operator", "kernel", "node  [why no faster kernel]");
  for (const Json& node : json["nodes"]) text += node_text(node);
  text += "\n";
  for (const Json& op : json["ops"])
    text += fmt::format("{:10.1f} {:5.1f} %  {} x {}\n", op["time_us"].get<double>(),
                        100 * op["share"].get<double>(), op["nodes"].get<int>(),
                        op["op"].get<std::string>());
  const double gflops = json["gflops_per_s"].get<double>();
  const double peak = json["peak_gflops_per_s"].get<double>();
  text += fmt::format(
      "{:10.1f} in all: {:.1f} GFLOP/s, {:.0f} % of the measured {:.0f}; {} threads, {}\n",
      json["total_us"].get<double>(), gflops, peak > 0 ? 100 * gflops / peak : 0, peak,
      json["threads"].get<int>(), json["isa"].get<std::string>());
  return text;
}

}  // namespace

void add_profile(CLI::App& app, ExitCode&) {
  auto flags = std::make_shared<ProfileFlags>();
  CLI::App* command = app.add_subcommand("profile", "Show where the time of a run goes");
  command->add_option("MODEL", flags->model, "The .onnx file")->required();
  flags->engine.add_to(*command);
  flags->input.add_to(*command);
  command->add_option("--runs", flags->runs, "Runs to average over")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command->add_option("--warmup", flags->warmup, "Runs before them")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  command->add_option("-o,--output", flags->output, "Write the answer to this file");
  command->add_option("--trace", flags->trace, "Write a timeline for Perfetto to this file");
  command->add_option("--html", flags->html, "Write a page with sortable tables to this file");
  command->callback([flags] {
    const Json json = measure(*flags);
    if (!flags->trace.empty()) write_json(flags->trace, trace_of_profile(json));
    if (!flags->html.empty()) write_text(flags->html, html_of_profile(json));
    if (flags->engine.format == "json")
      write_json(flags->output, json);
    else
      write_text(flags->output, as_text(json));
  });
}

}  // namespace keel::tools
