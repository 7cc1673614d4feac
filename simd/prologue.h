// Batch normalization and activation of what a kernel reads, one channel block at a time.
#pragma once

#include "simd/activation.h"

namespace keel::simd {

// x becomes act((x - mean) * s + b). The mean is subtracted first: x * s - mean * s loses digits
// where the mean is large.
struct Prologue {
  const float* affine = nullptr;  // [channel block][3][16]: mean, s, b; null: x as it is
  Activation activation;
};

}  // namespace keel::simd
