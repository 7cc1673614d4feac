// The promise about results as the convolutions of simd/ take it.
#pragma once

#include "runtime/keel.h"
#include "simd/conv.h"

namespace keel {

inline simd::ConvPrecision conv_precision(Precision precision) {
  if (precision == Precision::Strict) return simd::ConvPrecision::Strict;
  return precision == Precision::Bf16 ? simd::ConvPrecision::Bf16 : simd::ConvPrecision::Float;
}

}  // namespace keel
