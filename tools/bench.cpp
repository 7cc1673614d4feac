// keel bench MODEL: times runs after a warm-up.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <fstream>
#include <thread>

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

using Clock = std::chrono::steady_clock;

struct BenchFlags {
  EngineFlags engine;
  InputFlags input;
  std::string model, time = "5s", baseline, fail_above, output;
  int runs = 0, warmup = 3, concurrency = 1;
  std::vector<std::string> sweep;
};

double ms_since(Clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

// The value below which a share q of the sorted times lies (nearest rank).
double quantile(const std::vector<double>& sorted, double q) {
  const auto rank = static_cast<std::size_t>(std::ceil(q * static_cast<double>(sorted.size())));
  return sorted[std::clamp<std::size_t>(rank, 1, sorted.size()) - 1];
}

double median(const std::vector<double>& sorted) {
  const std::size_t n = sorted.size();
  return n % 2 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
}

void bind(Session& session, const NamedTensors& inputs) {
  for (const auto& [name, tensor] : inputs) session.bind_input(name, tensor);
}

// Milliseconds of every run of one session, until the count or the time is reached.
std::vector<double> timed_runs(Session& session, const BenchFlags& flags) {
  const double seconds = parse_seconds(flags.time);
  const RunOptions options = stoppable(flags.engine.timeout_seconds());
  for (int i = 0; i < flags.warmup; ++i) session.run(options);
  std::vector<double> times;
  const auto begin = Clock::now();
  do {
    const auto start = Clock::now();
    session.run(options);
    times.push_back(ms_since(start));
  } while (flags.runs > 0 ? static_cast<int>(times.size()) < flags.runs
                          : ms_since(begin) < seconds * 1000);
  return times;
}

// One session a caller, all at once; rethrows what one of them threw.
std::vector<double> concurrent_runs(const Model& model, const NamedTensors& inputs,
                                    const BenchFlags& flags) {
  const auto callers = static_cast<std::size_t>(flags.concurrency);
  std::vector<std::vector<double>> times(callers);
  std::vector<std::exception_ptr> errors(callers);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < callers; ++i)
    threads.emplace_back([&, i] {
      try {
        Session session = model.session();
        bind(session, inputs);
        times[i] = timed_runs(session, flags);
      } catch (...) {
        errors[i] = std::current_exception();
      }
    });
  for (std::thread& thread : threads) thread.join();
  for (const std::exception_ptr& error : errors)
    if (error) std::rethrow_exception(error);
  std::vector<double> all;
  for (const auto& part : times) all.insert(all.end(), part.begin(), part.end());
  return all;
}

double gflop_of(const Model& model, const NamedTensors& inputs) {
  std::vector<Shape> shapes;
  for (ValueId id : model.state().graph.inputs)
    shapes.push_back(inputs.at(model.state().graph.values[id].name).shape());
  double flops = 0;
  for (const Step& step : model.state().plan(shapes)->steps) flops += step.kernel.flops;
  return flops * 1e-9;
}

Json measure(const BenchFlags& flags, const Options& options) {
  const auto load_begin = Clock::now();
  const Model model = Model::load(flags.model, options);
  const double load_ms = ms_since(load_begin);
  const NamedTensors inputs = flags.input.tensors(model, flags.engine.quiet);
  Session session = model.session();
  bind(session, inputs);
  const auto first_begin = Clock::now();
  session.run(stoppable(flags.engine.timeout_seconds()));
  const double first_run_ms = ms_since(first_begin);

  const auto begin = Clock::now();
  std::vector<double> times =
      flags.concurrency > 1 ? concurrent_runs(model, inputs, flags) : timed_runs(session, flags);
  const double wall_s = ms_since(begin) / 1000;
  std::sort(times.begin(), times.end());

  const double gflop = gflop_of(model, inputs);
  const double mid = median(times);
  const double peak = measured_peak(*model.state().kernels, model.threads());
  const double gflops_per_s = gflop / (mid / 1000);
  std::int64_t batch = 1;
  Json shapes = Json::object();
  for (const auto& [name, tensor] : inputs) {
    shapes[name] = tensor.shape();
    if (!tensor.shape().empty()) batch = tensor.shape()[0];
  }
  const double per_s =
      flags.concurrency > 1
          ? static_cast<double>(times.size() * static_cast<std::size_t>(batch)) / wall_s
          : static_cast<double>(batch) / (mid / 1000);
  return {{"schema", "keel.bench/1"},
          {"model", flags.model},
          {"isa", model.isa()},
          {"cpu", cpu_name()},
          {"precision", flags.engine.precision},
          {"threads", model.threads()},
          {"concurrency", flags.concurrency},
          {"shapes", shapes},
          {"load_ms", load_ms},
          {"first_run_ms", first_run_ms},
          {"runs", times.size()},
          {"latency_ms",
           {{"min", times.front()},
            {"median", mid},
            {"p90", quantile(times, 0.9)},
            {"p99", quantile(times, 0.99)},
            {"max", times.back()}}},
          {"throughput_per_s", per_s},
          {"gflop", gflop},
          {"gflops_per_s", gflops_per_s},
          {"peak_gflops_per_s", peak},
          {"peak_fraction", peak > 0 ? gflops_per_s / peak : 0},
          {"peak_rss_mb", peak_rss_mb()}};
}

std::string as_text(const Json& point) {
  const Json& latency = point["latency_ms"];
  return fmt::format(
      "{} threads, {}: median {:.3f} ms (min {:.3f}, p90 {:.3f}, p99 {:.3f}, {} runs), {:.1f}/s\n"
      "  load {:.1f} ms, first run {:.1f} ms, {:.1f} GFLOP/s = {:.0f} % of the measured {:.0f}, "
      "peak memory {:.0f} MB\n",
      point["threads"].get<int>(), point["isa"].get<std::string>(), latency["median"].get<double>(),
      latency["min"].get<double>(), latency["p90"].get<double>(), latency["p99"].get<double>(),
      point["runs"].get<int>(), point["throughput_per_s"].get<double>(),
      point["load_ms"].get<double>(), point["first_run_ms"].get<double>(),
      point["gflops_per_s"].get<double>(), 100 * point["peak_fraction"].get<double>(),
      point["peak_gflops_per_s"].get<double>(), point["peak_rss_mb"].get<double>());
}

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
  if (!flags.baseline.empty() && !flags.sweep.empty())
    throw Error(ErrorCode::Usage, "--baseline: does not go with --sweep");
  std::string text;
  Json points = Json::array();
  for (const BenchFlags& point : sweep_points(flags)) {
    points.push_back(measure(point, point.engine.options()));
    text += as_text(points.back());
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
  command->add_option("-o,--output", flags->output, "Write the answer to this file");
  command->callback([flags, &exit] { exit.value = bench(*flags); });
}

}  // namespace keel::tools
