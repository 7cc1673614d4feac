// Convolutions and transposed convolutions on NCHW16c of floats: planning, packing, running.
//
//   ConvPlan plan = plan_conv(shape, select(), threads, precision);
//   pack_conv_weights(plan, W, packed);                        // plan.packed_floats
//   for each phase, for each chunk < plan.phases[phase]:       // chunks in parallel, phases in
//   turn
//     run_conv_chunk(plan, phase, chunk, args);
//
// Formula, for a convolution (m: output channel, c runs over the channels of m's group, o and i:
// output and input position per axis, taps outside the input count as 0):
//
//   y[m][o] = act(bias[m] + residual[m][o] + sum_{c,k} W[m][c][k] * x[c][o*stride + k*dilation -
//   pad])
//
// and transposed: position o takes every (i, k) with i*stride + k*dilation - pad == o.
//
// Results are the same bits for every number of threads and every order of chunks on one
// instruction set. Weights and inputs that are not finite may give NaN where a tap lies outside the
// input. Nothing here allocates after planning, throws at run time, or knows of threads.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "simd/activation.h"
#include "simd/kernel_table.h"
#include "simd/prologue.h"

namespace keel::simd {

enum class ConvPrecision {
  Strict,  // products and sums of floats, direct algorithms only
  Float,   // an NME of 2e-5 against double
  Bf16,  // operands rounded to bfloat16, sums in float, where the instruction set has a unit for it
};

constexpr int kConvAxes = 3;
// One number per spatial axis, outermost first, as ONNX orders them; entries from `rank` on count
// for nothing.
using ConvExtents = std::array<std::int64_t, kConvAxes>;

struct ConvShape {
  std::int64_t n = 1;           // images
  std::int64_t c = 0;           // input channels of all groups
  std::int64_t k = 0;           // output channels of all groups
  std::int64_t group = 1;       // divides c and k
  int rank = 2;                 // spatial axes, 1 to 3
  ConvExtents in = {1, 1, 1};   // >= 1
  ConvExtents out = {1, 1, 1};  // >= 1; anything may lie outside what the input reaches
  ConvExtents kernel = {1, 1, 1};
  ConvExtents stride = {1, 1, 1};
  ConvExtents dilation = {1, 1, 1};
  ConvExtents pad = {0, 0, 0};  // at the beginning; the end follows from `out`
  bool transposed = false;

  // x is [n][c][spatial] instead of blocked; only where takes_plain_input() says so.
  bool plain_input = false;
  bool bias = false;
  bool residual = false;
  Activation activation;
  bool prologue = false;  // applied to x; only where takes_prologue() says so

  // A product of matrices, one pixel a row: x, residual and y are [pixel][channel] at any address;
  // only where takes_matrix() says so. by_input: W is [c][k].
  bool matrix = false, by_input = false;

  // Floats from one image to the next, for tensors that are views of channel blocks; 0: dense.
  std::int64_t x_image = 0;
  std::int64_t y_image = 0;
  std::int64_t residual_image = 0;
};

// True where a plain input is supported, and better than a reorder before the convolution: the
// first layer of a network, with few channels.
bool takes_plain_input(const ConvShape& shape);

// True where the convolution can apply a prologue while it copies its input: pointwise, of stride
// 1, blocked. Not under Strict.
bool takes_prologue(const ConvShape& shape);

// True for products of matrices that are better off as a pointwise convolution: `shape` has one
// image, c and k, and a row of `in` and `out` pixels.
bool takes_matrix(const ConvShape& shape, const KernelTable& kernels, ConvPrecision precision);
// For people: why products of bfloat16 do not compute it; "" where the precision forbids them.
std::string matrix_note(const ConvShape& shape, const KernelTable& kernels,
                        ConvPrecision precision);

// One image: x [ceil(c/16)][spatial][16], or [c][spatial] plain; y and residual
// [ceil(k/16)][spatial][16]. Lanes beyond the last channel are unspecified on input and output. All
// 64-byte aligned, except a plain x. y overlaps neither x nor residual.
struct ConvArgs {
  const float* x = nullptr;
  const float* packed = nullptr;
  const float* bias = nullptr;      // [16 * ceil(k/16)]; read if shape.bias
  const float* residual = nullptr;  // read if shape.residual
  float* y = nullptr;
  void* thread_scratch = nullptr;  // of the thread that runs the chunk; contents undefined
  void* shared_scratch = nullptr;  // the same for all chunks of all phases
  Prologue prologue;               // read if shape.prologue
  // Where ConvPlan::row_step is not 0, and n is 1: the row of the output that is y's first, and how
  // many of y's rows are there already; multiples of row_step.
  std::int64_t row = 0, done = 0;
};

class ConvAlgorithm;

// Immutable, may be shared by threads.
struct ConvPlan {
  std::string kernel;         // for people: "direct 3x3 14x32"
  std::string note;           // for people: why no faster algorithm; "" where there is none
  std::string packing;        // plans of the same weights and equal `packing` share packed weights
  std::int64_t row_step = 0;  // rows that only come together; 0: all of the output's
  double flops = 0;           // 2 * products of the formula, taps outside the input included
  std::int64_t packed_floats = 0;
  std::size_t thread_scratch = 0;    // bytes, 64-byte aligned
  std::size_t shared_scratch = 0;    // bytes, 64-byte aligned
  std::vector<std::int64_t> phases;  // chunks of each
  std::shared_ptr<const ConvAlgorithm> algorithm;
};

// The shape must be valid as described above (asserted).
ConvPlan plan_conv(const ConvShape& shape, const KernelTable& kernels, int threads,
                   ConvPrecision precision);

// W in ONNX's layout: [k][c/group][kernel…], transposed [c][k/group][kernel…].
// packed: plan.packed_floats, 64-byte aligned.
void pack_conv_weights(const ConvPlan& plan, const float* W, float* packed);

void run_conv_chunk(const ConvPlan& plan, int phase, std::int64_t chunk, const ConvArgs& args);

}  // namespace keel::simd
