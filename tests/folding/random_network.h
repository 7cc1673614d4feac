// Random networks made of what folding looks for: weights, normalisations, affine arithmetic, and
// the nodes between them, in any order that fits and in any operator set.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "tests/support/model_builder.h"

namespace keel::test {

struct RandomNetwork {
  ModelBuilder model;
  std::map<std::string, Tensor> inputs;
  int opset = 0;
};

// The same seed gives the same network.
RandomNetwork random_network(std::uint64_t seed);

}  // namespace keel::test
