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

// `count` random inputs, or the given ones and count - 1 random ones. The bound of NME is 1e-5 for
// float outputs, 1e-6 for double, 2e-3 for float16 and bfloat16 2e-2; other types must be equal.
VerifyResult verify(const Graph& original, const Graph& folded, const Options& options,
                    const InputFlags& inputs, int count);

}  // namespace keel::tools
