#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/compare.h"
#include "tests/support/expect_error.h"
#include "tests/support/operator_check.h"
#include "tests/support/random_tensor.h"

namespace keel::test {
namespace {

constexpr std::int64_t N = 3, C = 5, D = 4, kIgnored = -1;

struct Result {
  std::vector<double> losses, log_prob;
  double sum = 0, weight = 0;
};

Result reference(const Tensor& x, const Tensor& target, const Tensor& weight, bool softmax) {
  Result result;
  result.log_prob.resize(N * C * D);
  for (std::int64_t n = 0; n < N; ++n)
    for (std::int64_t d = 0; d < D; ++d) {
      double sum = 0;
      for (std::int64_t c = 0; c < C; ++c)
        sum += std::exp(x.data_as<double>()[(n * C + c) * D + d]);
      for (std::int64_t c = 0; c < C; ++c) {
        const std::int64_t at = (n * C + c) * D + d;
        result.log_prob[static_cast<std::size_t>(at)] =
            x.data_as<double>()[at] - (softmax ? std::log(sum) : 0);
      }
      const std::int64_t t = target.data_as<std::int64_t>()[n * D + d];
      const double w = t == kIgnored ? 0 : weight.empty() ? 1 : weight.data_as<double>()[t];
      const std::int64_t at = (n * C + std::max<std::int64_t>(t, 0)) * D + d;
      result.losses.push_back(-w * result.log_prob[static_cast<std::size_t>(at)]);
      result.sum += result.losses.back();
      result.weight += w;
    }
  return result;
}

TEST(Loss, EveryReduction) {
  Random random(1);
  const Tensor x = random_tensor(random, DataType::Double, {N, C, D}, -3, 3), none;
  const Tensor target = random_tensor(random, DataType::Int64, {N, D}, kIgnored, C - 1);
  const Tensor weights = random_tensor(random, DataType::Double, {C}, 0, 1);
  for (const Tensor& weight : {none, weights})
    for (bool softmax : {false, true}) {
      const char* op = softmax ? "SoftmaxCrossEntropyLoss" : "NegativeLogLikelihoodLoss";
      const Result want = reference(x, target, weight, softmax);
      const auto run = [&](const std::string& reduction) {
        return run_operator(op, {x, target, weight},
                            {{"reduction", reduction}, {"ignore_index", kIgnored}},
                            softmax ? 2 : 1);
      };
      const Tolerance exact = {1e-12, 1e-12};
      EXPECT_EQ(difference(run("none")[0], make_tensor<double>({N, D}, want.losses), exact), "");
      EXPECT_EQ(difference(run("sum")[0], make_tensor<double>({}, {want.sum}), exact), "");
      EXPECT_EQ(
          difference(run("mean")[0], make_tensor<double>({}, {want.sum / want.weight}), exact), "");
      if (softmax) {
        EXPECT_EQ(difference(run("mean")[1], make_tensor<double>({N, C, D}, want.log_prob), exact),
                  "");
      }
    }
}

TEST(Loss, RefusesWhatDoesNotFit) {
  const Tensor x(DataType::Float, {1, 3});
  const auto refused = [&](const std::vector<Tensor>& more, ErrorCode code, const char* fragment,
                           const std::string& reduction = "mean") {
    std::vector<Tensor> inputs = {x};
    inputs.insert(inputs.end(), more.begin(), more.end());
    expect_error(code, fragment, [&] {
      run_operator("NegativeLogLikelihoodLoss", inputs, {{"reduction", reduction}});
    });
  };
  const auto target = [](std::int64_t t) { return make_tensor<std::int64_t>({1}, {t}); };
  refused({target(3)}, ErrorCode::BadInput, "class 3 is out of range for 3 classes");
  refused({target(-1)}, ErrorCode::BadInput, "class -1");
  refused({Tensor(DataType::Int64, {2})}, ErrorCode::BadInput, "does not fit");
  refused({target(0), Tensor(DataType::Float, {2})}, ErrorCode::BadInput, "expected 3 values");
  refused({target(0)}, ErrorCode::MalformedModel, "reduction", "max");
}

}  // namespace
}  // namespace keel::test
