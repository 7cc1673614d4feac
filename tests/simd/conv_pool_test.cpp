// Convolution and max pooling in strips: the same bits as one after the other, on every instruction
// set, for every number of threads and size of strips.
#include "simd/conv_pool.h"

#include "simd/layout.h"
#include "tests/support/conv_reference.h"

namespace keel::simd::test {
namespace {

struct Row {
  std::int64_t n, c, k, height, width, kernel, stride, pad;
  bool plain;
  std::int64_t pool, pool_stride, pool_pad, dilation;
};

ConvPoolShape shape_of(const Row& row) {
  ConvPoolShape shape = {};
  ConvShape& s = shape.conv;
  s.n = row.n, s.c = row.c, s.k = row.k;
  s.in = {row.height, row.width, 1};
  s.bias = true;
  s.activation = {ActivationKind::Relu, 1.0f, 0.0f};
  s.plain_input = row.plain;
  PoolShape& p = shape.pool;
  for (int a = 0; a < 2; a++) {
    s.kernel[a] = row.kernel, s.stride[a] = row.stride, s.pad[a] = row.pad;
    s.out[a] = (s.in[a] + 2 * row.pad - row.kernel) / row.stride + 1;
    p.in[a] = s.out[a];
    p.kernel[a] = row.pool, p.stride[a] = row.pool_stride, p.dilation[a] = row.dilation;
    p.pad_begin[a] = p.pad_end[a] = row.pool_pad;
    p.out[a] =
        (p.in[a] + 2 * row.pool_pad - (row.pool - 1) * row.dilation - 1) / row.pool_stride + 1;
  }
  return shape;
}

std::int64_t positions(const std::int64_t (&size)[2]) { return size[0] * size[1]; }

// y of the convolution, plain, through the pool.
std::vector<float> pooled(const ConvPoolShape& shape, const std::vector<float>& y) {
  const PoolShape& p = shape.pool;
  std::vector<float> result;
  for (std::int64_t plane = 0; plane < shape.conv.n * shape.conv.k; plane++) {
    for (std::int64_t i = 0; i < positions(p.out); i++) {
      float most = -3.402823466e+38F;
      for (std::int64_t tap = 0; tap < positions(p.kernel); tap++) {
        const std::int64_t at[] = {
            i / p.out[1] * p.stride[0] - p.pad_begin[0] + tap / p.kernel[1] * p.dilation[0],
            i % p.out[1] * p.stride[1] - p.pad_begin[1] + tap % p.kernel[1] * p.dilation[1]};
        if (at[0] < 0 || at[0] >= p.in[0] || at[1] < 0 || at[1] >= p.in[1]) continue;
        most = std::max(most, y[plane * positions(p.in) + at[0] * p.in[1] + at[1]]);
      }
      result.push_back(most);
    }
  }
  return result;
}

std::vector<float> run_conv_pool(const ConvPoolShape& shape, const ConvData& data,
                                 const KernelTable& kernels, int threads, std::int64_t scratch) {
  const ConvShape& s = shape.conv;
  const ConvPoolPlan plan(shape, kernels, threads, ConvPrecision::Float, scratch);
  const std::int64_t in = s.in[0] * s.in[1], out = positions(shape.pool.out);
  const std::int64_t c = (s.c + 15) / 16 * 16, k = (s.k + 15) / 16 * 16;
  Buffer x(s.n * (s.plain_input ? s.c : c) * in), packed(plan.conv().packed_floats), bias(k);
  Buffer y(s.n * k * out), mine(static_cast<std::int64_t>(plan.thread_scratch() / 4));
  x.fill(0), bias.fill(0), y.fill(NAN);
  if (s.plain_input) {
    std::copy(data.x.begin(), data.x.end(), x.data());
  } else {
    for (std::int64_t n = 0; n < s.n; n++)
      kernels.layout->to_blocked(&data.x[n * s.c * in], x.data() + n * c * in, s.c, in);
  }
  std::copy(data.bias.begin(), data.bias.end(), bias.data());
  pack_conv_weights(plan.conv(), data.W.data(), packed.data());
  ConvArgs args;
  args.x = x.data(), args.packed = packed.data(), args.bias = bias.data(), args.y = y.data();
  args.thread_scratch = mine.data();
  for (std::int64_t chunk = plan.chunks(); chunk-- > 0;) {
    mine.fill(NAN);
    plan.run(chunk, args);
  }
  x.check("x"), packed.check("packed"), bias.check("bias"), y.check("y"), mine.check("scratch");
  std::vector<float> plain(s.n * s.k * out);
  for (std::int64_t n = 0; n < s.n; n++)
    kernels.layout->from_blocked(y.data() + n * k * out, &plain[n * s.k * out], s.k, out);
  return plain;
}

void check(const Row& row) {
  const ConvPoolShape shape = shape_of(row);
  SCOPED_TRACE(describe(shape.conv));
  const ConvData data = conv_data(shape.conv, false);
  for (const KernelTable* kernels : isas()) {
    const ConvPlan plan = plan_conv(shape.conv, *kernels, 1, ConvPrecision::Float);
    const std::vector<float> expected = pooled(shape, run_conv(shape.conv, data, *kernels, plan));
    for (int threads : {1, 2, 5}) {
      for (std::int64_t scratch : {1, 50000, 1 << 30}) {
        SCOPED_TRACE(testing::Message() << kernels->isa << " threads " << threads << " scratch "
                                        << scratch << " " << plan.kernel);
        ASSERT_EQ(run_conv_pool(shape, data, *kernels, threads, scratch), expected);
      }
    }
  }
}

TEST(ConvPool, Stems) {
  for (std::int64_t side = 37; side < 45; side++) {
    check({1 + side % 2, 3, 40, side, side + 9, 3, 2, side % 2, true, 3, 2, side % 3 / 2, 1});
    check({1, 3, 20, side, 2 * side, 7, 2, 3, true, 3, 2, 1, 1});
  }
  check({2, 2, 33, 90, 41, 7, 2, 2, true, 3, 2, 0, 1});
}

TEST(ConvPool, WindowsOfAnyKind) {
  check({1, 3, 20, 61, 47, 7, 2, 3, true, 2, 2, 0, 1});
  check({1, 3, 20, 61, 47, 7, 2, 3, true, 3, 1, 1, 1});
  check({1, 3, 20, 61, 47, 7, 2, 3, true, 2, 3, 0, 1});
  check({1, 3, 20, 61, 47, 5, 1, 1, true, 5, 2, 2, 1});
  check({1, 3, 20, 61, 47, 3, 1, 0, true, 3, 2, 1, 2});
}

TEST(ConvPool, TilesOfFourRows) {
  check({1, 40, 24, 45, 30, 3, 1, 1, false, 2, 2, 0, 1});
  check({2, 64, 64, 30, 33, 3, 1, 1, false, 3, 2, 1, 1});
}

// Algorithms that give no rows of their own.
TEST(ConvPool, WholeImages) {
  check({2, 20, 40, 13, 17, 5, 1, 2, false, 2, 2, 0, 1});
  check({1, 20, 40, 13, 17, 3, 3, 1, false, 3, 2, 1, 1});
}

TEST(ConvPool, ChosenForLargeFirstConvolutions) {
  const KernelTable& kernels = *isas()[0];
  const auto chosen = [&](const Row& row) {
    return prefers_conv_pool(shape_of(row), kernels, ConvPrecision::Float);
  };
  EXPECT_TRUE(chosen({1, 3, 64, 224, 224, 7, 2, 3, true, 3, 2, 1, 1}));
  EXPECT_TRUE(chosen({1, 3, 64, 224, 224, 3, 2, 0, true, 3, 2, 0, 1}));
  EXPECT_FALSE(chosen({1, 3, 64, 32, 32, 7, 2, 3, true, 3, 2, 1, 1}));
  EXPECT_FALSE(chosen({1, 64, 64, 224, 224, 5, 1, 2, false, 2, 2, 0, 1}));
}

}  // namespace
}  // namespace keel::simd::test
