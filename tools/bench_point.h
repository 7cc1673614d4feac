// One measurement of keel bench: one model, one setting of every flag.
#pragma once

#include <string>

#include "tools/bench_flags.h"
#include "tools/result_stream.h"

namespace keel::tools {

// keel.bench/1 without points.
Json bench_point(const BenchFlags& flags);
std::string bench_text(const Json& point);

}  // namespace keel::tools
