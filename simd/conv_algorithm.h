// One way of computing a convolution. plan_conv() picks it; see conv.h for what the parts mean.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include "simd/conv.h"

namespace keel::simd {

class ConvAlgorithm {
 public:
  virtual ~ConvAlgorithm() = default;
  virtual void pack(const float* W, float* packed) const = 0;
  virtual void run(int phase, std::int64_t chunk, const ConvArgs& args) const = 0;
};

// The plan of an algorithm that has void summarize(ConvPlan*).
template <typename Algorithm>
ConvPlan plan_of(std::shared_ptr<Algorithm> algorithm) {
  ConvPlan plan;
  algorithm->summarize(&plan);
  plan.algorithm = std::move(algorithm);
  return plan;
}

// The algorithms. Each fills the summary of the plan and sets plan.algorithm; the shape is one that
// conv_canonical() returned.
ConvPlan plan_direct(const ConvShape& shape, const KernelTable& kernels, int threads);
ConvPlan plan_scattered(const ConvShape& shape, const KernelTable& kernels, int threads);
ConvPlan plan_depthwise(const ConvShape& shape, const KernelTable& kernels, int threads);
// For groups of few channels: whether it beats plan_scattered.
bool prefers_narrow(const ConvShape& shape);
ConvPlan plan_narrow(const ConvShape& shape, const KernelTable& kernels, int threads);
ConvPlan plan_stem(const ConvShape& shape, const KernelTable& kernels, int threads);
// How Winograd is faster than direct convolution: m is the side of the output tile, 2 or 4; 0 where
// it is not, or does not apply. expanding: the points of the weights are made in every run.
struct WinogradChoice {
  int m = 0;
  bool expanding = false;
  double cost = 0;  // where m is not 0: steps of the tile kernel
};
// m is at most `most`.
WinogradChoice choose_winograd(const ConvShape& shape, int most);
// Why m is less than 4; "" where it is not.
std::string winograd_note(const ConvShape& shape);
ConvPlan plan_winograd(const ConvShape& shape, const KernelTable& kernels, int threads, int m);
constexpr std::int64_t kExpandedChannels = 64;  // at a time
ConvPlan plan_expanding_winograd(const ConvShape& shape, const KernelTable& kernels, int threads,
                                 int m);

// Whether plan_pixel() takes the shape.
bool is_pixel_conv(const ConvShape& shape);
ConvPlan plan_pixel(const ConvShape& shape, const KernelTable& kernels, ConvPrecision precision);
// For pointwise convolutions: whether it beats plan_direct.
bool prefers_strassen(const ConvShape& shape);
bool strassen_takes_matrix(const ConvShape& shape);
ConvPlan plan_strassen(const ConvShape& shape, const KernelTable& kernels, int threads);

// The terms, 1 or 3, in which products of bfloat16 compute this faster within the precision; 0
// where they do not.
int bf16_terms(const ConvShape& shape, const KernelTable& kernels, ConvPrecision precision);
// Why that is 0; "" where the precision does not allow them.
std::string bf16_note(const ConvShape& shape, const KernelTable& kernels, ConvPrecision precision);
ConvPlan plan_bf16(const ConvShape& shape, const KernelTable& kernels, int threads, int terms);

// `shape` with its axes moved so that the innermost is the longest run of equal treatment: axes of
// size 1 that no tap leaves come first, and a 1x1 convolution becomes one long row.
ConvShape conv_canonical(const ConvShape& shape);

// "14x14", for people.
std::string conv_plane(const ConvExtents& extents);

constexpr std::int64_t kConvBlock = 16;  // channels of a block of NCHW16c

// Pixels from which on threads share a plane by rows, below by channels.
constexpr std::int64_t kLargePlane = 100;

inline std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

inline std::int64_t product(const ConvExtents& e) { return e[0] * e[1] * e[2]; }

// Number of chunks for `pieces` equal pieces of work of `flops` each: a few for every thread, none
// of them shorter than about 5 us.
std::int64_t conv_chunks(std::int64_t pieces, double flops, int threads);

}  // namespace keel::simd
