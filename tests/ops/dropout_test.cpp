#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/expect_error.h"
#include "tests/support/operator_check.h"
#include "tests/support/random_tensor.h"

namespace keel::test {
namespace {

CheckOptions two_outputs() {
  CheckOptions options;
  options.outputs = 2;
  return options;
}

TEST(Dropout, IdentityAtInference) {
  Random random(1);
  const Tensor none, no = make_tensor<bool>({}, {false}), yes = make_tensor<bool>({}, {true});
  const Tensor half = make_tensor<float>({}, {0.5f}), zero = make_tensor<float>({}, {0});
  for (DataType type : {DataType::Float, DataType::Double, DataType::Float16}) {
    const Tensor x = random_tensor(random, type, {3, 5});
    check_operator("Dropout", {x});
    check_operator("Dropout", {x, half, no}, {}, two_outputs());
    check_operator("Dropout", {x, zero, yes}, {}, two_outputs());
    check_operator("Dropout", {x, half}, {}, two_outputs());
  }
}

TEST(Dropout, TrainingDropsAndScales) {
  Random random(1);
  const Tensor x = random_tensor(random, DataType::Float, {1000}, 1, 2);
  const std::vector<Tensor> inputs = {x, make_tensor<float>({}, {0.75f}),
                                      make_tensor<bool>({}, {true})};
  const Attributes seed = {{"seed", std::int64_t{5}}};
  const std::vector<Tensor> y = run_operator("Dropout", inputs, seed, 2);
  const std::vector<Tensor> again = run_operator("Dropout", inputs, seed, 2);
  int kept = 0;
  for (int i = 0; i < 1000; ++i) {
    const bool keep = y[1].data_as<bool>()[i];
    kept += keep;
    EXPECT_EQ(y[0].data_as<float>()[i], keep ? x.data_as<float>()[i] * 4 : 0);
    EXPECT_EQ(keep, again[1].data_as<bool>()[i]);
  }
  EXPECT_NEAR(kept, 250, 60);
}

TEST(Dropout, RefusesWrongRatios) {
  for (float ratio : {1.0f, -0.5f, NAN})
    expect_error(ErrorCode::BadInput, "ratio", [&] {
      run_operator("Dropout", {Tensor(DataType::Float, {3}), make_tensor<float>({}, {ratio}),
                               make_tensor<bool>({}, {true})});
    });
}

}  // namespace
}  // namespace keel::test
