// Random tensors from a seed. The generator is ours, so that a seed means the same everywhere.
#pragma once

#include <cstdint>

#include "runtime/keel.h"

namespace keel::test {

// splitmix64
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next();
  double uniform(double low = 0, double high = 1);            // [low, high)
  std::int64_t integer(std::int64_t low, std::int64_t high);  // [low, high]
  bool chance(double probability) { return uniform() < probability; }

 private:
  std::uint64_t state_;
};

// Floats uniform in [low, high), integers in [low, high], bool from the sign of a number drawn.
Tensor random_tensor(Random& random, DataType type, Shape shape, double low = -1, double high = 1);
// A float tensor of small integers, on which sums of products are exact.
Tensor random_integers(Random& random, Shape shape, std::int64_t low = -8, std::int64_t high = 8);

}  // namespace keel::test
