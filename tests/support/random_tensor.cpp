#include "tests/support/random_tensor.h"

#include <cmath>
#include <utility>

#include "tests/oracle/array.h"

namespace keel::test {

std::uint64_t Random::next() {
  std::uint64_t z = state_ += 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

double Random::uniform(double low, double high) {
  return low + (high - low) * std::ldexp(static_cast<double>(next() >> 11), -53);
}

std::int64_t Random::integer(std::int64_t low, std::int64_t high) {
  return low + static_cast<std::int64_t>(next() % static_cast<std::uint64_t>(high - low + 1));
}

Tensor random_tensor(Random& random, DataType type, Shape shape, double low, double high) {
  oracle::Array out(type, std::move(shape));
  for (double& v : out.reals) v = random.uniform(low, high);
  for (std::int64_t& v : out.ints)
    v = type == DataType::Bool
            ? random.uniform(low, high) > 0
            : random.integer(static_cast<std::int64_t>(low), static_cast<std::int64_t>(high));
  return oracle::to_tensor(out, false);
}

Tensor random_integers(Random& random, Shape shape, std::int64_t low, std::int64_t high) {
  oracle::Array out(DataType::Float, std::move(shape));
  for (double& v : out.reals) v = static_cast<double>(random.integer(low, high));
  return oracle::to_tensor(out, false);
}

}  // namespace keel::test
