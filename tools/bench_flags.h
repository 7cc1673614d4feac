// The flags of keel bench.
#pragma once

#include <string>
#include <vector>

#include "tools/engine_flags.h"
#include "tools/input_flags.h"

namespace keel::tools {

struct BenchFlags {
  EngineFlags engine;
  InputFlags input;
  std::string model, time = "5s", baseline, fail_above, output;
  int runs = 0, warmup = 3, concurrency = 1;
  bool serve = false;
  std::vector<std::string> sweep;
};

}  // namespace keel::tools
