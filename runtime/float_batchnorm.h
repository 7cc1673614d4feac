// BatchNormalization of float tensors on the kernels of simd/batchnorm.h, and what every element
// type shares: parameters, statistics, running outputs.
#pragma once

#include <memory>

#include "runtime/op.h"

namespace keel {

namespace batchnorm_input {
constexpr std::size_t kScale = 1, kB = 2, kMean = 3, kVar = 4, kResidual = 5;
}

// X as [images, channels, spatial].
struct BatchNormSizes {
  std::int64_t images = 1, channels = 1, spatial = 1;
};

struct ChannelStatistics {
  double mean, var;
};

// Element i of scale, B, mean or var, which may be doubles beside float data.
double batchnorm_parameter(const TensorRef& tensor, std::int64_t i);

// The statistics that inference normalises a channel with. Outputs 1 to 4 (mean, var, saved_mean,
// saved_var of opset < 14), where they exist, repeat them.
ChannelStatistics given_statistics(RunContext& run, std::int64_t channel);
// Those of the batch, handed through; outputs 1 and 2 become old * momentum + batch * (1 -
// momentum), 3 and 4 repeat the batch's.
ChannelStatistics batch_statistics(RunContext& run, std::int64_t channel, ChannelStatistics batch,
                                   double momentum);

struct FloatBatchNorm {
  BatchNormSizes sizes;
  bool training = false, blocked = false;  // blocked: X in NCHW16c, inference only
  double epsilon = 0, momentum = 0;
  const simd::KernelTable* kernels = nullptr;
  // mean, s and b of y = (x - mean) * s + b, [3, lanes()], or of rows [lanes() / 16, 3, 16]; null:
  // found in shared scratch.
  std::shared_ptr<const Tensor> affine;

  bool rows() const { return !blocked && sizes.spatial == 1; }  // [N, C]
  std::int64_t lanes() const { return (sizes.channels + kBlock - 1) / kBlock * kBlock; }
  // The affine map of inputs 1 to 4, lanes without a channel 0.
  void given_affine(const TensorRef* const* inputs, float* affine) const;
  void operator()(RunContext& run) const;

 private:
  void run_planes(RunContext& run, const float* mean) const;
  void run_rows(RunContext& run, const float* affine) const;
  void find_affine(RunContext& run, float* affine) const;
  void put_channel(const TensorRef* const* inputs, std::int64_t c, ChannelStatistics statistics,
                   float* affine) const;
  ChannelStatistics plane_statistics(const float* x, std::int64_t channel) const;
  void column_statistics(const float* x, std::int64_t first, std::int64_t n,
                         ChannelStatistics* statistics) const;
};

}  // namespace keel
