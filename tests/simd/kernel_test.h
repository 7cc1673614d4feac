// Support of the kernel tests: every instruction set, guarded buffers, seeded data, error measures.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "simd/dispatch.h"
#include "tests/support/instruction_sets.h"

namespace keel::simd::test {

// for (const KernelTable* k : isas()) { SCOPED_TRACE(k->isa); … }
inline const std::vector<const KernelTable*>& isas() { return keel::test::own_tables(); }

// Sizes around every vector width, and primes.
inline const std::vector<std::int64_t>& hostile_sizes() {
  static const std::vector<std::int64_t> sizes = {0,  1,  2,  3,  4,  5,  7,  8,  9,   11,  13, 15,
                                                  16, 17, 19, 23, 29, 31, 32, 33, 37,  47,  48, 49,
                                                  61, 63, 64, 65, 67, 79, 80, 97, 127, 131, 257};
  return sizes;
}

// Seeded by KEEL_TEST_SEED, else at random; the seed is printed once.
inline std::mt19937& generator() {
  static std::mt19937 engine = [] {
    const char* given = std::getenv("KEEL_TEST_SEED");
    const unsigned seed =
        given ? static_cast<unsigned>(std::strtoul(given, nullptr, 10)) : std::random_device{}();
    std::printf("KEEL_TEST_SEED=%u\n", seed);
    return std::mt19937(seed);
  }();
  return engine;
}

// n floats between canaries, `misalign` floats past a 64-byte boundary. check() after the kernel
// ran: a byte before or after the data that changed fails the test.
class Buffer {
 public:
  explicit Buffer(std::int64_t n, int misalign = 0) : size_(n) {
    bytes_.assign(static_cast<std::size_t>(n) * sizeof(float) + 2 * kGuard + 64 + 64, kCanary);
    auto address = reinterpret_cast<std::uintptr_t>(bytes_.data()) + kGuard;
    address = (address + 63) / 64 * 64 + static_cast<std::uintptr_t>(misalign) * sizeof(float);
    data_ = reinterpret_cast<float*>(address);
  }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  float* data() { return data_; }
  const float* data() const { return data_; }
  std::int64_t size() const { return size_; }
  float& operator[](std::int64_t i) { return data_[i]; }
  float operator[](std::int64_t i) const { return data_[i]; }

  Buffer& fill(float value) {
    for (std::int64_t i = 0; i < size_; i++) data_[i] = value;
    return *this;
  }
  Buffer& fill_random(float low = -1.0f, float high = 1.0f) {
    std::uniform_real_distribution<float> draw(low, high);
    for (std::int64_t i = 0; i < size_; i++) data_[i] = draw(generator());
    return *this;
  }
  // Small integers: sums of their products are exact in float.
  Buffer& fill_integers(int low = -4, int high = 4) {
    std::uniform_int_distribution<int> draw(low, high);
    for (std::int64_t i = 0; i < size_; i++) data_[i] = static_cast<float>(draw(generator()));
    return *this;
  }
  std::vector<double> as_double() const { return std::vector<double>(data_, data_ + size_); }

  void check(const char* what = "buffer") const {
    const auto* begin = reinterpret_cast<const unsigned char*>(data_);
    const auto* end = reinterpret_cast<const unsigned char*>(data_ + size_);
    for (const unsigned char& byte : bytes_) {
      if (&byte >= begin && &byte < end) continue;
      if (byte == kCanary) continue;
      ADD_FAILURE() << what << ": byte overwritten "
                    << (&byte < begin ? begin - &byte : &byte - end)
                    << (&byte < begin ? " before" : " after") << " the data";
      return;
    }
  }

 private:
  static constexpr std::size_t kGuard = 256;
  static constexpr unsigned char kCanary = 0xc5;  // as a float -6320.7: spoils results if read
  std::int64_t size_;
  std::vector<unsigned char> bytes_;
  float* data_;
};

// max|y - r| / max|r|. 0 where both are empty or all zero; infinity where a NaN stands against a
// number, or the reference is all zero and y is not.
inline double nme(const float* y, const double* r, std::int64_t n) {
  double difference = 0, magnitude = 0;
  for (std::int64_t i = 0; i < n; i++) {
    const double value = y[i];
    if (std::isnan(value) && std::isnan(r[i])) continue;
    if (value == r[i]) {
      if (std::isfinite(r[i])) magnitude = std::max(magnitude, std::fabs(r[i]));
      continue;
    }
    if (!std::isfinite(value) || !std::isfinite(r[i])) return HUGE_VAL;
    difference = std::max(difference, std::fabs(value - r[i]));
    magnitude = std::max(magnitude, std::fabs(r[i]));
  }
  return difference == 0 ? 0 : magnitude == 0 ? HUGE_VAL : difference / magnitude;
}
inline double nme(const Buffer& y, const std::vector<double>& r) {
  EXPECT_EQ(y.size(), static_cast<std::int64_t>(r.size()));
  return nme(y.data(), r.data(), y.size());
}

// The tolerance of an NME after summing `length` float products: rounding errors of a blocked sum
// add up like a random walk, with room for the final operations.
inline double sum_tolerance(std::int64_t length) {
  constexpr double kEpsilon = std::numeric_limits<float>::epsilon();
  return kEpsilon * (4 + std::sqrt(static_cast<double>(length)));
}

// The distance of y from the exact r, in units of the last place of r as a float (subnormals
// included). 0 for NaN against NaN and equal infinities, infinity for one against a number; a value
// that overflows may be infinity.
inline double ulp_error(float y, double r) {
  if (std::isnan(y) || std::isnan(r)) return std::isnan(y) && std::isnan(r) ? 0 : HUGE_VAL;
  if (static_cast<double>(y) == r || y == static_cast<float>(r)) {
    // Rounded as well as a float can be; measure only finite values.
    if (!std::isfinite(y)) return 0;
  } else if (!std::isfinite(y)) {
    const float limit = std::numeric_limits<float>::max();
    return std::fabs(r) >= limit && (y > 0) == (r > 0) ? 0.5 : HUGE_VAL;
  }
  if (std::isinf(r)) return HUGE_VAL;
  const int exponent = r == 0 ? -149 : std::max(std::ilogb(r) - 23, -149);
  return std::ldexp(std::fabs(y - r), -exponent);
}

}  // namespace keel::simd::test
