// keel bench MODEL: times runs after a warm-up.
#include <fstream>
#include <iostream>

#include "runtime/error.h"
#include "tools/bench_point.h"
#include "tools/bench_serve.h"
#include "tools/command.h"

namespace keel::tools {
namespace {

// The settings of every point: each --sweep NAME=a,b multiplies them.
std::vector<BenchFlags> sweep_points(const BenchFlags& flags) {
  std::vector<BenchFlags> points = {flags};
  for (const std::string& text : flags.sweep) {
    const auto [name, list] = parse_assignment(text, "--sweep");
    std::vector<BenchFlags> next;
    for (const BenchFlags& base : points)
      for (const std::string& value : CLI::detail::split(list, ',')) {
        BenchFlags point = base;
        if (name == "threads")
          point.engine.threads = value;
        else if (name == "isa")
          point.engine.isa = value;
        else
          point.engine.dims.push_back(name + "=" + value);
        next.push_back(point);
      }
    points = std::move(next);
  }
  return points;
}

// True if the median is not more than the allowed percentage above the baseline's.
bool within_baseline(const BenchFlags& flags, const Json& json) {
  std::ifstream file(flags.baseline);
  const Json old = Json::parse(file, nullptr, false);
  if (!file || old.is_discarded() || !old.contains("latency_ms"))
    throw Error(ErrorCode::Io,
                "--baseline: '" + printable(flags.baseline) + "' is not a keel.bench/1 file");
  std::string percent = flags.fail_above.empty() ? "5" : flags.fail_above;
  if (percent.back() == '%') percent.pop_back();
  const double allowed = parse_seconds(percent);
  const double before = old["latency_ms"]["median"].get<double>();
  const double now = json["latency_ms"]["median"].get<double>();
  const double change = 100 * (now / before - 1);
  std::fprintf(stderr, "keel: median %.3f ms, baseline %.3f ms (%+.1f %%)\n", now, before, change);
  return change <= allowed;
}

int bench(const BenchFlags& flags) {
  if (flags.serve) {
    serve(flags, std::cin, std::cout);
    return 0;
  }
  if (!flags.baseline.empty() && !flags.sweep.empty())
    throw Error(ErrorCode::Usage, "--baseline: does not go with --sweep");
  std::string text;
  Json points = Json::array();
  for (const BenchFlags& point : sweep_points(flags)) {
    points.push_back(bench_point(point));
    text += bench_text(points.back());
  }
  const Json json =
      flags.sweep.empty() ? points[0] : Json{{"schema", "keel.bench/1"}, {"points", points}};
  if (flags.engine.format == "json")
    write_json(flags.output, json);
  else
    write_text(flags.output, text);
  return flags.baseline.empty() || within_baseline(flags, json) ? 0 : 1;
}

}  // namespace

void add_bench(CLI::App& app, ExitCode& exit) {
  auto flags = std::make_shared<BenchFlags>();
  CLI::App* command = app.add_subcommand("bench", "Time a model");
  command->add_option("MODEL", flags->model, "The .onnx file")->required();
  flags->engine.add_to(*command);
  flags->input.add_to(*command);
  CLI::Option* time =
      command->add_option("--time", flags->time, "How long to measure")->capture_default_str();
  command->add_option("--runs", flags->runs, "How many runs to measure")
      ->check(CLI::PositiveNumber)
      ->excludes(time);
  command->add_option("--warmup", flags->warmup, "Runs before the first that counts")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  command->add_option("--concurrency", flags->concurrency, "Callers at once, each with a session")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command->add_option("--sweep", flags->sweep, "threads=1,2 or isa=avx2,avx512 or DIM=1,8")
      ->allow_extra_args(false);
  command->add_option("--baseline", flags->baseline, "An earlier answer to compare with");
  command->add_option("--fail-above", flags->fail_above, "Exit with 1 above this slowdown: 5%");
  command->add_flag("--serve", flags->serve, "Time runs as standard input asks: run WARMUP RUNS");
  command->add_option("-o,--output", flags->output, "Write the answer to this file");
  command->callback([flags, &exit] { exit.value = bench(*flags); });
}

}  // namespace keel::tools
