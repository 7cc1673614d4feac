// Does a folded model still say what the original says? Both are run, unoptimised, on the same
// inputs, and their outputs compared.
#pragma once

#include <string>
#include <vector>

#include "runtime/graph.h"
#include "tools/input_flags.h"

namespace keel::tools {

struct OutputCheck {
  std::string name;
  double max_abs = 0;  // largest |original - folded|
  double nme = 0;      // max_abs / max |original|
  double bound = 0;    // what nme may be
  bool ok = true;
};

struct VerifyResult {
  int inputs = 0;
  std::uint64_t seed = 0;
  bool ok = true;
  std::vector<OutputCheck> outputs;  // the worst over all inputs, by output
};

// What the original answers, kept so that its weights need not be in memory together with the
// folded model's.
class Verifier {
 public:
  // Runs the original on `count` inputs: the given ones, completed with random ones, then random
  // ones of the seeds that follow.
  Verifier(const Graph& original, const Options& options, const InputFlags& flags, int count);
  // `folds`: how many nodes were folded. Each one rounds weights anew, so the bound of NME for
  // float outputs is 1e-5 or, in deep networks, 8 units of rounding (2^-24) a fold; a wrong fold is
  // off by orders of magnitude. 1e-6 for double outputs, 2e-3 float16, 2e-2 bfloat16; other types
  // must be equal.
  VerifyResult check(const Model& folded, int folds) const;

  // The options under which both are run.
  static Options unoptimised(Options options);

 private:
  std::uint64_t seed_;
  std::vector<NamedTensors> inputs_, outputs_;
};

}  // namespace keel::tools
