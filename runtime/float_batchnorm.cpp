#include "runtime/float_batchnorm.h"

#include <algorithm>
#include <cmath>

#include "simd/batchnorm.h"
#include "simd/kernel_table.h"
#include "simd/norm.h"

namespace keel {

using namespace batchnorm_input;

namespace {

constexpr std::int64_t kGrain = 16 * 1024;   // floats that a thread takes at a time
constexpr std::int64_t kCached = 128 << 10;  // floats that lie in L2, with as many results
constexpr std::int64_t kStrip = 16;  // channels of [N, C] whose statistics are found at once

void store(RunContext& run, std::size_t output, std::int64_t i, double value) {
  if (!run.has_output(output)) return;
  const TensorRef& tensor = run.output(output);
  if (tensor.type == DataType::Double)
    tensor.as<double>()[i] = value;
  else
    tensor.as<float>()[i] = static_cast<float>(value);
}

}  // namespace

double batchnorm_parameter(const TensorRef& tensor, std::int64_t i) {
  return tensor.type == DataType::Double ? tensor.as<double>()[i]
                                         : static_cast<double>(tensor.as<float>()[i]);
}

ChannelStatistics given_statistics(RunContext& run, std::int64_t channel) {
  const ChannelStatistics given{batchnorm_parameter(run.input(kMean), channel),
                                batchnorm_parameter(run.input(kVar), channel)};
  for (std::size_t i : {1, 3}) store(run, i, channel, given.mean);
  for (std::size_t i : {2, 4}) store(run, i, channel, given.var);
  return given;
}

ChannelStatistics batch_statistics(RunContext& run, std::int64_t channel, ChannelStatistics batch,
                                   double momentum) {
  const double mean = batchnorm_parameter(run.input(kMean), channel);
  const double var = batchnorm_parameter(run.input(kVar), channel);
  store(run, 1, channel, mean * momentum + batch.mean * (1 - momentum));
  store(run, 2, channel, var * momentum + batch.var * (1 - momentum));
  store(run, 3, channel, batch.mean);
  store(run, 4, channel, batch.var);
  return batch;
}

// What the mean loses as a float goes into b.
void FloatBatchNorm::put_channel(const TensorRef* const* inputs, std::int64_t c,
                                 ChannelStatistics statistics, float* affine) const {
  float* mean = affine + (rows() ? c / kBlock * 3 * kBlock + c % kBlock : c);
  const std::int64_t step = rows() ? kBlock : lanes();
  const double factor =
      batchnorm_parameter(*inputs[kScale], c) / std::sqrt(statistics.var + epsilon);
  *mean = static_cast<float>(statistics.mean);
  const double rest = (statistics.mean - static_cast<double>(*mean)) * factor;
  mean[step] = static_cast<float>(factor);
  mean[2 * step] =
      static_cast<float>(batchnorm_parameter(*inputs[kB], c) - (std::isfinite(rest) ? rest : 0.0));
}

void FloatBatchNorm::given_affine(const TensorRef* const* inputs, float* affine) const {
  std::fill(affine, affine + 3 * lanes(), 0.0f);
  for (std::int64_t c = 0; c < sizes.channels; ++c)
    put_channel(inputs, c,
                {batchnorm_parameter(*inputs[kMean], c), batchnorm_parameter(*inputs[kVar], c)},
                affine);
}

// Of one channel, from the moments of its planes (Chan, Golub, LeVeque: updating formulae).
ChannelStatistics FloatBatchNorm::plane_statistics(const float* x, std::int64_t channel) const {
  const double count = static_cast<double>(sizes.spatial);
  double mean = 0, squares = 0, seen = 0;
  for (std::int64_t n = 0; n < sizes.images && sizes.spatial > 0; ++n) {
    const simd::Moments plane =
        kernels->norm->moments(x + (n * sizes.channels + channel) * sizes.spatial, sizes.spatial);
    const double delta = static_cast<double>(plane.centre) + plane.rest - mean;
    const double all = seen + count;
    mean += delta * count / all;
    squares += plane.variance * count + delta * delta * seen * count / all;
    seen = all;
  }
  if (seen == 0) return {NAN, NAN};  // the mean of nothing
  return {mean, squares / seen};
}

// Of n (at most kStrip) channels of [images, channels], side by side, in double and in two passes.
void FloatBatchNorm::column_statistics(const float* x, std::int64_t first, std::int64_t n,
                                       ChannelStatistics* statistics) const {
  const double count = static_cast<double>(sizes.images);
  double sum[kStrip] = {}, squares[kStrip] = {};
  for (std::int64_t i = 0; i < sizes.images; ++i)
    for (std::int64_t c = 0; c < n; ++c)
      sum[c] += static_cast<double>(x[i * sizes.channels + first + c]);
  for (std::int64_t c = 0; c < n; ++c) sum[c] /= count;
  for (std::int64_t i = 0; i < sizes.images; ++i)
    for (std::int64_t c = 0; c < n; ++c) {
      const double d = static_cast<double>(x[i * sizes.channels + first + c]) - sum[c];
      squares[c] += d * d;
    }
  for (std::int64_t c = 0; c < n; ++c) statistics[c] = {sum[c], squares[c] / count};
}

void FloatBatchNorm::find_affine(RunContext& run, float* affine) const {
  std::fill(affine, affine + 3 * lanes(), 0.0f);
  const float* x = run.in<float>(0);
  const std::int64_t strips = (sizes.channels + kStrip - 1) / kStrip;
  run.parallel.chunks(training ? strips : 1, [&](std::int64_t strip, int) {
    const std::int64_t first = training ? strip * kStrip : 0;
    const std::int64_t last = training ? std::min(first + kStrip, sizes.channels) : sizes.channels;
    ChannelStatistics columns[kStrip];
    if (training && sizes.spatial == 1) column_statistics(x, first, last - first, columns);
    for (std::int64_t c = first; c < last; ++c) {
      if (!training) {
        put_channel(run.inputs, c, given_statistics(run, c), affine);
        continue;
      }
      const ChannelStatistics batch =
          sizes.spatial == 1 ? columns[c - first] : plane_statistics(x, c);
      put_channel(run.inputs, c, batch_statistics(run, c, batch, momentum), affine);
    }
  });
}

void FloatBatchNorm::operator()(RunContext& run) const {
  auto* scratch = reinterpret_cast<float*>(run.shared_scratch);
  if (affine == nullptr) find_affine(run, scratch);
  const float* mean = affine == nullptr ? scratch : affine->data_as<float>();
  !blocked&& sizes.spatial == 1 ? run_rows(run, mean) : run_planes(run, mean);
}

// Channel blocks, or planes, cut where the channel changes.
void FloatBatchNorm::run_planes(RunContext& run, const float* mean) const {
  const float *s = mean + lanes(), *b = s + lanes();
  const simd::Activation activation = run.node.epilogue.activation;
  const float* residual = run.node.epilogue.residual ? run.in<float>(kResidual) : nullptr;
  const float* x = run.in<float>(0);
  float* y = run.out<float>(0);
  const std::int64_t width = blocked ? kBlock : 1;
  const std::int64_t channels = blocked ? lanes() : sizes.channels;
  const std::int64_t total = sizes.images * (channels / width) * sizes.spatial;
  const simd::BatchnormKernels& kernel = *kernels->batchnorm;
  run.parallel.ranges(total, kGrain / width, [&](std::int64_t begin, std::int64_t end) {
    while (begin < end) {
      const std::int64_t n = std::min(end - begin, sizes.spatial - begin % sizes.spatial);
      const std::int64_t c = begin / sizes.spatial * width % channels, at = begin * width;
      const float* r = residual == nullptr ? nullptr : residual + at;
      if (blocked)
        kernel.blocked(x + at, mean + c, s + c, b + c, r, y + at, n, activation);
      else
        kernel.plane(x + at, mean[c], s[c], b[c], r, y + at, n, activation);
      begin += n;
    }
  });
}

// [N, C] in pieces of a few rows and many channels.
void FloatBatchNorm::run_rows(RunContext& run, const float* affine) const {
  const simd::Activation activation = run.node.epilogue.activation;
  const float* residual = run.node.epilogue.residual ? run.in<float>(kResidual) : nullptr;
  constexpr std::int64_t kColumns = 4096;
  const std::int64_t c = sizes.channels, width = std::min(kColumns, std::max<std::int64_t>(1, c));
  const std::int64_t height = std::max<std::int64_t>(4, kGrain / width);
  const std::int64_t across = (c + width - 1) / width, down = (sizes.images + height - 1) / height;
  run.parallel.chunks(across * down, [&](std::int64_t chunk, int) {
    const std::int64_t row = chunk / across * height, column = chunk % across * width;
    const std::int64_t at = row * c + column;
    kernels->batchnorm->channels(
        run.in<float>(0) + at, affine + 3 * column, residual == nullptr ? nullptr : residual + at,
        run.out<float>(0) + at, std::min(height, sizes.images - row), c,
        std::min(width, c - column), sizes.images * c <= kCached, activation);
  });
}

}  // namespace keel
