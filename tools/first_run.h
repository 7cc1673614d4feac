// A model from its file to its first answer, and what that took.
#pragma once

#include <chrono>
#include <string>

#include "tools/engine_flags.h"
#include "tools/input_flags.h"

namespace keel::tools {

struct FirstRun {
  Model model;
  NamedTensors inputs;
  Session session;
  double load_ms, first_run_ms;
  double rss_before_load_mb;
};

// The inputs are made between loading and running; neither time includes that.
FirstRun first_run(const std::string& path, const EngineFlags& engine, const InputFlags& input,
                   bool quiet);

double ms_since(std::chrono::steady_clock::time_point begin);

}  // namespace keel::tools
