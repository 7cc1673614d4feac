// Does a folded model still say what the original says? Both are run node by node on the same
// inputs (lockstep.h), and what each fold changed is held against a bound derived from its own
// arithmetic: for a result y = s (W * x + b - mean) + beta,
//
//   |original - folded| <= 2 K u (|s| (|W| * |x| + |b| + |mean|) + |beta|)
//
// element by element, u being the unit roundoff and K the number of roundings between the inputs of
// what was folded and its result: the length of its sums and a few more. An output of the model may
// be off by the sum of these bounds, each relative to the largest element of its layer, and by no
// more than 1e-3 (float16: 8e-3). Other types must be equal.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "runtime/graph.h"
#include "tools/input_flags.h"
#include "tools/lockstep.h"

namespace keel::tools {

struct VerifyResult {
  int inputs = 0;
  std::uint64_t seed = 0;
  bool ok = true;
  std::vector<ValueCheck> outputs;  // the worst over all inputs, by output
  std::vector<ValueCheck> layers;   // likewise, where something was folded; largest error first
};

// On `count` inputs: the given ones, completed with random ones, then random ones of the seeds that
// follow. `changed`: names of values that both have and that do not mean the same.
VerifyResult verify_fold(const Graph& original, const Graph& folded,
                         const std::set<std::string>& changed, const Options& options,
                         const InputFlags& flags, int count);

}  // namespace keel::tools
