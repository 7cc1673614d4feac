// Small random networks for whole-path tests: convolutions, pools, normalizations, elementwise
// operators, concatenations, reshapes, matrix products, in any order that fits.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "tests/support/model_builder.h"

namespace keel::test {

struct RandomGraph {
  ModelBuilder builder;
  std::map<std::string, Tensor> inputs;  // "x" [batch, channels, height, width]

  // Inputs for another batch size; the batch is the symbol "N" in the model.
  std::map<std::string, Tensor> inputs_of_batch(std::int64_t batch, std::uint64_t seed) const;
};

// The same seed gives the same graph. Values stay of order 1, so that errors can be compared.
RandomGraph random_graph(std::uint64_t seed, int nodes = 10);

}  // namespace keel::test
