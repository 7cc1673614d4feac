#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "tests/support/expect_error.h"
#include "tests/support/operator_check.h"
#include "tests/support/random_tensor.h"

namespace keel::test {
namespace {

Tensor number(std::int64_t value) { return make_tensor<std::int64_t>({1}, {value}); }
Tensor number(float value) { return make_tensor<float>({1}, {value}); }

TEST(NonMaxSuppression, RandomBoxes) {
  Random random(1);
  for (std::int64_t n : {0, 1, 7, 60})
    for (std::int64_t center : {0, 1})
      for (std::int64_t most : {1, 5, 100}) {
        const Tensor boxes = random_tensor(random, DataType::Float, {2, n, 4}, 0, 1);
        const Tensor scores = random_tensor(random, DataType::Float, {2, 3, n}, 0, 1);
        for (float iou : {0.0f, 0.3f, 1.0f})
          check_operator("NonMaxSuppression",
                         {boxes, scores, number(most), number(iou), number(0.2f)},
                         {{"center_point_box", center}});
      }
}

TEST(NonMaxSuppression, DefaultsAndTies) {
  const Tensor boxes = make_tensor<float>({1, 3, 4}, {0, 0, 1, 1, 5, 5, 6, 6, 1, 1, 0, 0});
  const Tensor scores = make_tensor<float>({1, 1, 3}, {0.5f, 0.5f, NAN});
  EXPECT_EQ(run_operator("NonMaxSuppression", {boxes, scores})[0].shape(), (Shape{0, 3}));
  const Tensor y = run_operator("NonMaxSuppression", {boxes, scores, number(INT64_MAX)})[0];
  ASSERT_EQ(y.shape(), (Shape{2, 3}));
  EXPECT_EQ(y.data_as<std::int64_t>()[2], 0);
  EXPECT_EQ(y.data_as<std::int64_t>()[5], 1);
}

TEST(NonMaxSuppression, RefusesWhatDoesNotFit) {
  const auto refused = [](const Shape& boxes, const Shape& scores, float iou, ErrorCode code,
                          const char* fragment) {
    const auto zeros = [](const Shape& shape) {
      Tensor tensor(DataType::Float, shape);
      std::fill_n(tensor.data_as<float>(), tensor.size(), 0.0f);
      return tensor;
    };
    expect_error(code, fragment, [&] {
      run_operator("NonMaxSuppression",
                   {zeros(boxes), zeros(scores), number(std::int64_t{1}), number(iou)});
    });
  };
  refused({1, 3, 5}, {1, 1, 3}, 0, ErrorCode::BadInput, "expected 4 coordinates");
  refused({1, 3, 4}, {1, 1, 2}, 0, ErrorCode::BadInput, "differ in batches or boxes");
  refused({1, 3, 4}, {1, 3}, 0, ErrorCode::MalformedModel, "rank");
  refused({1, 3, 4}, {1, 1, 3}, 1.5f, ErrorCode::BadInput, "iou_threshold");
  refused({1, 3, 4}, {1, 1, 3}, NAN, ErrorCode::BadInput, "iou_threshold");
}

}  // namespace
}  // namespace keel::test
