#include "tools/bench_point.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <thread>

#include "runtime/model.h"
#include "tools/first_run.h"
#include "tools/interrupt.h"
#include "tools/machine.h"

namespace keel::tools {
namespace {

using Clock = std::chrono::steady_clock;

// The value below which a share q of the sorted times lies (nearest rank).
double quantile(const std::vector<double>& sorted, double q) {
  const auto rank = static_cast<std::size_t>(std::ceil(q * static_cast<double>(sorted.size())));
  return sorted[std::clamp<std::size_t>(rank, 1, sorted.size()) - 1];
}

double median(const std::vector<double>& sorted) {
  const std::size_t n = sorted.size();
  return n % 2 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
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
        for (const auto& [name, tensor] : inputs) session.bind_input(name, tensor);
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

Json latency_json(const std::vector<double>& sorted) {
  return {{"min", sorted.front()},
          {"median", median(sorted)},
          {"p90", quantile(sorted, 0.9)},
          {"p99", quantile(sorted, 0.99)},
          {"max", sorted.back()}};
}

Json shapes_json(const NamedTensors& inputs) {
  Json shapes = Json::object();
  for (const auto& [name, tensor] : inputs) shapes[name] = tensor.shape();
  return shapes;
}

std::int64_t batch_of(const NamedTensors& inputs) {
  for (const auto& [name, tensor] : inputs)
    if (!tensor.shape().empty()) return tensor.shape()[0];
  return 1;
}

}  // namespace

Json bench_point(const BenchFlags& flags) {
  FirstRun first = first_run(flags.model, flags.engine, flags.input, flags.engine.quiet);
  const auto begin = Clock::now();
  std::vector<double> times = flags.concurrency > 1
                                  ? concurrent_runs(first.model, first.inputs, flags)
                                  : timed_runs(first.session, flags);
  const double wall_ms = ms_since(begin);
  std::sort(times.begin(), times.end());

  const Model& model = first.model;
  const auto images = static_cast<double>(batch_of(first.inputs));
  const double per_ms = flags.concurrency > 1 ? images * static_cast<double>(times.size()) / wall_ms
                                              : images / median(times);
  const double gflop = gflop_of(model, first.inputs);
  const double gflops_per_s = gflop / median(times) * 1000;
  const double peak = measured_peak(*model.state().kernels, model.threads());
  return {{"schema", "keel.bench/1"},
          {"model", flags.model},
          {"isa", model.isa()},
          {"cpu", cpu_name()},
          {"precision", flags.engine.precision},
          {"threads", model.threads()},
          {"concurrency", flags.concurrency},
          {"shapes", shapes_json(first.inputs)},
          {"load_ms", first.load_ms},
          {"first_run_ms", first.first_run_ms},
          {"runs", times.size()},
          {"latency_ms", latency_json(times)},
          {"throughput_per_s", per_ms * 1000},
          {"gflop", gflop},
          {"gflops_per_s", gflops_per_s},
          {"peak_gflops_per_s", peak},
          {"peak_fraction", peak > 0 ? gflops_per_s / peak : 0},
          {"peak_rss_mb", peak_rss_mb()}};
}

std::string bench_text(const Json& point) {
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

}  // namespace keel::tools
