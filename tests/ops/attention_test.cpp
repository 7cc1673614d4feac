// keel.Attention and keel.Linear, which only passes make: what they refuse, and long sequences.
#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/run_node.h"

namespace keel::test {
namespace {

Attributes perms(std::int64_t rank) {
  Ints perm;
  for (std::int64_t i = 0; i < rank; ++i) perm.push_back(i);
  return {{"perm_q", perm}, {"perm_k", perm}, {"perm_v", perm}, {"perm_y", perm}, {"scale", 0.5f}};
}

// Q [B, T, D], K [B, D, S], V [B, S, E], one batch for all of K where its B is 1.
std::vector<double> reference(const Tensor& q, const Tensor& k, const Tensor& v) {
  const Shape &a = q.shape(), &b = k.shape(), &c = v.shape();
  const std::int64_t depth = a[2], s = b[2], e = c[2];
  std::vector<double> y;
  for (std::int64_t n = 0; n < a[0]; ++n)
    for (std::int64_t t = 0; t < a[1]; ++t) {
      std::vector<double> weights(static_cast<std::size_t>(s), 0.0);
      double sum = 0;
      for (std::int64_t j = 0; j < s; ++j) {
        double score = 0;
        for (std::int64_t d = 0; d < depth; ++d)
          score += static_cast<double>(q.data_as<float>()[(n * a[1] + t) * depth + d]) *
                   static_cast<double>(k.data_as<float>()[(n % b[0] * depth + d) * s + j]);
        sum += weights[static_cast<std::size_t>(j)] = std::exp(0.5 * score);
      }
      for (std::int64_t i = 0; i < e; ++i) {
        double value = 0;
        for (std::int64_t j = 0; j < s; ++j)
          value += weights[static_cast<std::size_t>(j)] / sum *
                   static_cast<double>(v.data_as<float>()[(n * s + j) * e + i]);
        y.push_back(value);
      }
    }
  return y;
}

// More rows than one block has, on every number of threads the same bits.
void expect_long_sequences(Precision precision, double bound) {
  const Tensor q = seeded(1, {2, 301, 5}), k = seeded(2, {1, 5, 1201}), v = seeded(3, {2, 1201, 9});
  const std::vector<double> want = reference(q, k, v);
  std::vector<Tensor> first;
  for (int threads : {1, 2, 5}) {
    RunSettings settings;
    settings.threads = threads;
    settings.precision = precision;
    const std::vector<Tensor> got = run_op("keel.Attention", {q, k, v}, perms(3), 1, settings);
    ASSERT_EQ(got[0].shape(), (Shape{2, 301, 9}));
    for (std::size_t i = 0; i < want.size(); ++i)
      ASSERT_NEAR(static_cast<double>(got[0].data_as<float>()[i]), want[i], bound);
    if (first.empty()) first = got;
    expect_same(got[0], first[0]);
  }
}

TEST(Attention, LongSequencesAndBroadcastBatches) {
  expect_long_sequences(Precision::Fp32, 1e-6);
  // Operands are off by the 512th part at most: a score of five products by a hundredth.
  expect_long_sequences(Precision::Bf16, 0.02);
}

TEST(Attention, RefusesWhatDoesNotFit) {
  const Tensor q = seeded(1, {2, 4, 5}), k = seeded(2, {2, 5, 7}), v = seeded(3, {2, 7, 9});
  const auto refuse = [](ErrorCode code, const std::vector<Tensor>& inputs,
                         const Attributes& attributes) {
    expect_error(code, "", [&] { run_op("keel.Attention", inputs, attributes); });
  };
  refuse(ErrorCode::BadInput, {q, v, v}, perms(3));
  refuse(ErrorCode::BadInput, {q, k, v, seeded(4, {2, 4, 6})}, perms(3));
  refuse(ErrorCode::MalformedModel, {q, k, v}, perms(2));
  Attributes twice = perms(3);
  twice["perm_y"] = Ints{0, 1, 1};
  refuse(ErrorCode::MalformedModel, {q, k, v}, twice);
}

TEST(Linear, RefusesWhatDoesNotFit) {
  const Tensor a = seeded(1, {2, 4, 5}), b = seeded(2, {5, 7});
  EXPECT_EQ(run_op("keel.Linear", {a, b, seeded(3, {7})})[0].shape(), (Shape{2, 4, 7}));
  for (const std::vector<Tensor>& inputs :
       {std::vector<Tensor>{a, seeded(2, {6, 7}), seeded(3, {7})}, {a, b, seeded(3, {6})}})
    expect_error(ErrorCode::BadInput, "", [&] { run_op("keel.Linear", inputs); });
}

}  // namespace
}  // namespace keel::test
