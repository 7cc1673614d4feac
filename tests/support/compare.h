// How far two tensors are apart.
#pragma once

#include <string>

#include "runtime/keel.h"

namespace keel::test {

// |actual - expected| <= absolute + relative * |expected|. The defaults are those of ONNX's own
// backend tests.
struct Tolerance {
  double relative = 1e-3, absolute = 1e-7;
};

// "" where type, shape and every element agree (NaN with NaN, infinities by sign; integers, bool
// and strings exactly), else a sentence about the worst element.
std::string difference(const Tensor& actual, const Tensor& expected, Tolerance tolerance = {});

// max |actual - expected| / max |expected| of float tensors, whatever float types they have. An
// element that is NaN or infinite in one of them only makes it infinite, a shape that differs too.
double nme(const Tensor& actual, const Tensor& expected);

// "" where shapes agree, floats have an nme of at most `tolerance`, and all else is equal; a float
// tensor may be compared with the Double that the oracle gives for it.
std::string nme_difference(const Tensor& actual, const Tensor& expected, double tolerance);

// What one rounding to the type costs, with room for a dozen operations.
double default_nme(DataType type);

// "" where type, shape and every bit agree.
std::string bit_difference(const Tensor& a, const Tensor& b);

}  // namespace keel::test
