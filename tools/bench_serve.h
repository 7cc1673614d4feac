// keel bench --serve: a process that times runs when it is told to.
#pragma once

#include <iosfwd>

#include "tools/bench_flags.h"

namespace keel::tools {

// Loads the model, runs it once and says on one line of JSON (keel.serve/1) what that took; then
// answers each line of `in` with one line of JSON:
//
//   run WARMUP RUNS   {"ms": [..]}       RUNS times, after WARMUP runs that do not count
//   save FILE.npz     {"saved": FILE}    the outputs of the last run
//   anything else     {"error": ..}
//
// Returns at the end of `in`. Several engines that speak this can be measured in turns, each with
// its own warm threads and memory: tools/compare_peers does.
void serve(const BenchFlags& flags, std::istream& in, std::ostream& out);

}  // namespace keel::tools
