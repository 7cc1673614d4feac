// Strips: every kind of block on every instruction set, the same bits as the convolutions one by
// one, and those near the reference.
#include "simd/conv_strips.h"

#include "simd/layout.h"
#include "tests/support/conv_reference.h"

namespace keel::simd::test {
namespace {

struct Row {
  std::int64_t n, c, middle, k;  // c, k 0: no expand, no project
  std::int64_t height, width, kernel, stride, pad;
};

StripShapes shapes_of(const Row& row, ActivationKind kind, bool residual) {
  StripShapes shapes;
  ConvShape s;
  s.n = row.n, s.k = row.c, s.rank = 2, s.bias = true;
  s.in = s.out = {row.height, row.width, 1};
  s.activation = {kind, kind == ActivationKind::Clip ? 0.0f : 1.0f, 6.0f};
  if (row.c > 0) {
    s.c = row.c, s.k = row.middle;
    shapes.stage[kExpand] = s;
  }
  s.c = s.k = s.group = row.middle;
  for (int a = 0; a < 2; a++) {
    s.kernel[a] = row.kernel, s.stride[a] = row.stride, s.pad[a] = row.pad;
    s.out[a] = (s.in[a] + 2 * row.pad - row.kernel) / row.stride + 1;
  }
  ConvShape* last = &(shapes.stage[kDepthwise] = s);
  if (row.k > 0) {
    s.kernel = s.stride = {1, 1, 1}, s.pad = {0, 0, 0}, s.in = s.out;
    s.c = row.middle, s.k = row.k, s.group = 1, s.activation = {};
    last = &(shapes.stage[kProject] = s);
  }
  last->residual = residual;
  return shapes;
}

struct Data {
  StripShapes shapes;
  ConvData stage[kConvStages];  // x of the first, residual of the last
  const ConvData& first() const { return stage[shapes.has(kExpand) ? kExpand : kDepthwise]; }
  ConvStage last() const { return shapes.has(kProject) ? kProject : kDepthwise; }
};

// NaN in the lanes beyond the last channel.
void block(const std::vector<float>& plain, std::int64_t n, std::int64_t channels,
           const ConvExtents& extents, const KernelTable& kernels, Buffer* blocked) {
  const std::int64_t spatial = extents[0] * extents[1], padded = (channels + 15) / 16 * 16;
  for (std::int64_t i = 0; i < n; i++) {
    float* to = blocked->data() + i * padded * spatial;
    kernels.layout->to_blocked(&plain[i * channels * spatial], to, channels, spatial);
    for (std::int64_t c = channels; c < padded; c++) {
      for (std::int64_t p = 0; p < spatial; p++) to[(c / 16 * spatial + p) * 16 + c % 16] = NAN;
    }
  }
}

std::vector<float> run_strips(const Data& data, const KernelTable& kernels, int threads,
                              std::int64_t scratch) {
  const StripShapes& shapes = data.shapes;
  const StripPlan plan(shapes, kernels, threads, scratch);
  const ConvShape& first = shapes.stage[shapes.has(kExpand) ? kExpand : kDepthwise];
  const ConvShape& last = shapes.stage[data.last()];
  const std::int64_t out = last.out[0] * last.out[1], k = (last.k + 15) / 16 * 16;
  Buffer x(first.n * ((first.c + 15) / 16 * 16) * first.in[0] * first.in[1]);
  Buffer y(last.n * k * out), residual(last.residual ? last.n * k * out : 0);
  Buffer scratch_floats(static_cast<std::int64_t>(plan.thread_scratch() / 4));
  block(data.first().x, first.n, first.c, first.in, kernels, &x);
  if (last.residual)
    block(data.stage[data.last()].residual, last.n, last.k, last.out, kernels, &residual);
  std::vector<std::unique_ptr<Buffer>> weights;
  StripArgs args;
  for (ConvStage s : {kExpand, kDepthwise, kProject}) {
    if (!shapes.has(s)) continue;
    weights.push_back(std::make_unique<Buffer>(plan.packing(s).packed_floats));
    pack_conv_weights(plan.packing(s), data.stage[s].W.data(), weights.back()->data());
    args.packed[s] = weights.back()->data();
    weights.push_back(std::make_unique<Buffer>((shapes.stage[s].k + 15) / 16 * 16));
    weights.back()->fill(0);
    std::copy(data.stage[s].bias.begin(), data.stage[s].bias.end(), weights.back()->data());
    args.bias[s] = weights.back()->data();
  }
  y.fill(NAN);
  args.x = x.data(), args.y = y.data(), args.residual = residual.data();
  args.thread_scratch = scratch_floats.data();
  for (std::int64_t chunk = plan.chunks(); chunk-- > 0;) {
    scratch_floats.fill(NAN);
    plan.run(chunk, args);
  }
  x.check("x"), y.check("y"), residual.check("residual"), scratch_floats.check("scratch");
  for (const auto& buffer : weights) buffer->check("weights");
  std::vector<float> plain(last.n * last.k * out);
  for (std::int64_t n = 0; n < last.n; n++) {
    kernels.layout->from_blocked(y.data() + n * k * out, &plain[n * last.k * out], last.k, out);
  }
  return plain;
}

// The stages in turn: by their formula, and by the kernels.
std::vector<double> reference(const Data& data) {
  std::vector<float> x = data.first().x;
  std::vector<double> y;
  for (ConvStage s : {kExpand, kDepthwise, kProject}) {
    if (!data.shapes.has(s)) continue;
    const ConvData& d = data.stage[s];
    y = conv_reference(data.shapes.stage[s], x, d.W, d.bias, d.residual);
    x.assign(y.begin(), y.end());
  }
  return y;
}
std::vector<float> one_by_one(const Data& data, const KernelTable& kernels) {
  std::vector<float> x = data.first().x;
  for (ConvStage s : {kExpand, kDepthwise, kProject}) {
    if (!data.shapes.has(s)) continue;
    const ConvShape& shape = data.shapes.stage[s];
    ConvData d = data.stage[s];
    d.x = x;
    x = run_conv(shape, d, kernels, plan_conv(shape, kernels, 1, ConvPrecision::Strict));
  }
  return x;
}

void check(const Row& row, ActivationKind kind, bool residual) {
  Data data = {shapes_of(row, kind, residual), {}};
  SCOPED_TRACE(describe(data.shapes.stage[kDepthwise]) + " c " + std::to_string(row.c) + " k " +
               std::to_string(row.k));
  ASSERT_TRUE(takes_strips(data.shapes));
  for (ConvStage s : {kExpand, kDepthwise, kProject}) {
    if (data.shapes.has(s)) data.stage[s] = conv_data(data.shapes.stage[s], false);
  }
  const std::vector<double> r = reference(data);
  // Alone, pointwise convolutions of one pixel are other products, which add up in another order.
  const ConvShape& depthwise = data.shapes.stage[kDepthwise];
  const bool one_pixel =
      depthwise.out == ConvExtents{1, 1, 1} || depthwise.in == ConvExtents{1, 1, 1};
  for (const KernelTable* kernels : isas()) {
    SCOPED_TRACE(kernels->isa);
    const std::vector<float> separate = one_by_one(data, *kernels);
    for (int threads : {1, 2, 3, 8}) {
      for (std::int64_t scratch : {std::int64_t{0}, std::int64_t{12} << 10, kStripScratch}) {
        const std::vector<float> y = run_strips(data, *kernels, threads, scratch);
        ASSERT_EQ(y.size(), r.size());
        if (!one_pixel) {
          ASSERT_EQ(std::memcmp(y.data(), separate.data(), 4 * y.size()), 0) << threads;
        }
        ASSERT_LE(nme(y.data(), r.data(), static_cast<std::int64_t>(y.size())), 2e-6);
      }
    }
  }
}

TEST(ConvStrips, EveryKindOfBlock) {
  for (const std::int64_t kernel : {3, 5, 7}) {
    for (const std::int64_t stride : {1, 2}) {
      if (kernel == 7 && stride == 2) continue;
      const std::int64_t pad = kernel / 2;
      check({1, 16, 96, 24, 15, 14, kernel, stride, pad}, ActivationKind::Clip, false);
      check({2, 17, 33, 20, 13, 17, kernel, stride, pad}, ActivationKind::Relu, true);
      check({1, 5, 40, 0, 16, 13, kernel, stride, pad}, ActivationKind::Swish, false);
      check({1, 0, 33, 17, 17, 11, kernel, stride, pad}, ActivationKind::HardSwish, true);
      check({3, 1, 1, 1, 9, 7, kernel, stride, kernel - 1}, ActivationKind::None, false);
      check({1, 24, 70, 8, 12, 9, kernel, stride, 0}, ActivationKind::HardSwish, false);
    }
  }
}

TEST(ConvStrips, SmallPlanes) {
  for (const std::int64_t side : {1, 2, 3, 4, 5}) {
    for (const std::int64_t stride : {1, 2}) {
      check({2, 8, 24, 40, side, side, 3, stride, 1}, ActivationKind::Relu, true);
      check({1, 8, 24, 0, side, 6 - side, 5, stride, 4}, ActivationKind::Relu, false);
    }
  }
}

TEST(ConvStrips, WhatTheyDoNotTake) {
  const Row row = {1, 16, 32, 16, 12, 12, 3, 1, 1};
  StripShapes shapes = shapes_of(row, ActivationKind::None, false);
  EXPECT_TRUE(takes_strips(shapes));
  const auto refuses = [&](auto change) {
    StripShapes changed = shapes;
    change(changed);
    return !takes_strips(changed);
  };
  EXPECT_TRUE(refuses([](StripShapes& s) { s.stage[kDepthwise].dilation[0] = 2; }));
  EXPECT_TRUE(refuses([](StripShapes& s) { s.stage[kDepthwise].pad[1] = 3; }));
  EXPECT_TRUE(refuses([](StripShapes& s) { s.stage[kDepthwise].stride[1] = 3; }));
  EXPECT_TRUE(refuses([](StripShapes& s) { s.stage[kDepthwise].group = 16; }));
  EXPECT_TRUE(refuses([](StripShapes& s) { s.stage[kExpand].stride[0] = 2; }));
  EXPECT_TRUE(refuses([](StripShapes& s) { s.stage[kExpand].k = s.stage[kProject].k = 0; }));
}

}  // namespace
}  // namespace keel::simd::test
