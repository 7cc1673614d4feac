// The fastest that an instruction set multiplies and adds: the yardstick for "% of peak".
#pragma once

#include <cstdint>

namespace keel::simd {

struct PeakKernels {
  // Independent multiply-adds on registers, `rounds` times; no memory.
  void (*multiply_add)(std::int64_t rounds);
  double flops_per_round;
};

}  // namespace keel::simd
