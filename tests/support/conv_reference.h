// Convolution by its formula, in double, on plain tensors; and one call that plans, packs, runs and
// checks a shape on one instruction set.
#pragma once

#include <string>
#include <vector>

#include "simd/conv.h"
#include "simd/kernel_table.h"
#include "tests/simd/kernel_test.h"

namespace keel::simd::test {

std::string describe(const ConvShape& shape);

// x [n][c][in], W in ONNX's layout, bias [k], residual and result [n][k][out], all plain. bias and
// residual are read where the shape has them.
std::vector<double> conv_reference(const ConvShape& shape, const std::vector<float>& x,
                                   const std::vector<float>& W, const std::vector<float>& bias,
                                   const std::vector<float>& residual);

struct ConvData {
  std::vector<float> x, W, bias, residual;  // plain
  Prologue prologue;                        // where the shape has one
};
// Integers in [-4, 4], or reals in [-1, 1].
ConvData conv_data(const ConvShape& shape, bool integers);

// Runs a plan of the shape chunks of a phase in random order, with NaN in every
// padding lane, in y and in all scratch, and guards around every buffer. Returns y, plain.
std::vector<float> run_conv(const ConvShape& shape, const ConvData& data,
                            const KernelTable& kernels, const ConvPlan& plan);

// On every instruction set, expects the exact result on integers for 1, 2, 3 and 8 threads, and on
// reals the same bits for each number of threads, within what direct summation allows of the
// reference. Where `tolerance` (an NME) is given it holds instead of both.
// `kernel`: the start of the plan's kernel name, "" for any.
void check_conv(const ConvShape& shape, ConvPrecision precision, const std::string& kernel = "",
                double tolerance = 0);

}  // namespace keel::simd::test
