#include "tools/bench_serve.h"

#include <iostream>
#include <sstream>

#include "loaders/files/tensor_file.h"
#include "tools/first_run.h"
#include "tools/machine.h"
#include "tools/result_stream.h"

namespace keel::tools {
namespace {

Json hello(const FirstRun& first) {
  return {{"schema", "keel.serve/1"},
          {"version", version()},
          {"isa", first.model.isa()},
          {"threads", first.model.threads()},
          {"load_ms", first.load_ms},
          {"first_run_ms", first.first_run_ms},
          {"rss_before_load_mb", first.rss_before_load_mb},
          {"peak_rss_mb", peak_rss_mb()}};
}

Json timed(Session& session, int warmup, int runs) {
  for (int i = 0; i < warmup; ++i) session.run();
  Json ms = Json::array();
  for (int i = 0; i < runs; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    session.run();
    ms.push_back(ms_since(begin));
  }
  return {{"ms", ms}};
}

Json saved(const FirstRun& first, const std::string& path) {
  NamedTensors outputs;
  for (const ValueInfo& info : first.model.outputs())
    outputs.emplace(info.name, first.session.output(info.name));
  write_tensor_file(path, outputs);
  return {{"saved", path}};
}

Json answer(FirstRun& first, const std::string& line) {
  std::istringstream words(line);
  std::string command, path;
  int warmup = 0, runs = 0;
  words >> command;
  if (command == "run" && words >> warmup >> runs) return timed(first.session, warmup, runs);
  if (command == "save" && std::getline(words >> std::ws, path)) return saved(first, path);
  return {{"error", "expected 'run WARMUP RUNS' or 'save FILE.npz'"}};
}

}  // namespace

void serve(const BenchFlags& flags, std::istream& in, std::ostream& out) {
  FirstRun first = first_run(flags.model, flags.engine, flags.input, true);
  out << hello(first).dump() << std::endl;
  for (std::string line; std::getline(in, line);) out << answer(first, line).dump() << std::endl;
}

}  // namespace keel::tools
