#include <gtest/gtest.h>

#include "tests/support/expect_error.h"
#include "tests/support/operator_check.h"
#include "tests/support/random_tensor.h"

namespace keel::test {
namespace {

TEST(TensorScatter, WritesFromEverySamplesIndex) {
  Random random(1);
  const Tensor cache = random_tensor(random, DataType::Int32, {2, 3, 5, 4}, 0, 99);
  const Tensor update = random_tensor(random, DataType::Int32, {2, 3, 2, 4}, 100, 199);
  const std::int64_t begin[] = {1, 4};
  const Tensor y =
      run_operator("TensorScatter", {cache, update, make_tensor<std::int64_t>({2}, {1, 4})},
                   {{"mode", std::string("circular")}})[0];
  for (std::int64_t i = 0; i < y.size(); ++i) {
    const std::int64_t b = i / 60, m = i / 20, s = i / 4 % 5, c = i % 4;
    const std::int64_t from = (s - begin[b] + 5) % 5;
    EXPECT_EQ(y.data_as<std::int32_t>()[i],
              from < 2 ? update.data_as<std::int32_t>()[(m * 2 + from) * 4 + c]
                       : cache.data_as<std::int32_t>()[i]);
  }
}

TEST(TensorScatter, FromTheBeginningByDefault) {
  const Tensor y = run_operator(
      "TensorScatter", {make_tensor<float>({1, 3}, {1, 2, 3}), make_tensor<float>({1, 2}, {7, 8})},
      {{"axis", std::int64_t{1}}})[0];
  EXPECT_EQ(std::vector<float>(y.data_as<float>(), y.data_as<float>() + 3),
            (std::vector<float>{7, 8, 3}));
}

TEST(TensorScatter, RefusesWhatDoesNotFit) {
  const Tensor cache(DataType::Float, {1, 3, 2}), update(DataType::Float, {1, 2, 2});
  const auto refused = [&](const std::vector<Tensor>& inputs, ErrorCode code, const char* fragment,
                           const Attributes& attributes = {}) {
    expect_error(code, fragment, [&] { run_operator("TensorScatter", inputs, attributes); });
  };
  const auto at = [](std::int64_t index) { return make_tensor<std::int64_t>({1}, {index}); };
  refused({cache, update, at(2)}, ErrorCode::BadInput, "2 steps from 2 on do not fit into 3");
  refused({cache, update, at(-1)}, ErrorCode::BadInput, "from -1");
  refused({cache, update, at(INT64_MAX)}, ErrorCode::BadInput, "do not fit");
  refused({cache, Tensor(DataType::Float, {1, 4, 2})}, ErrorCode::BadInput, "axis 1: 4");
  refused({cache, update}, ErrorCode::MalformedModel, "axis", {{"axis", std::int64_t{0}}});
  refused({cache, update}, ErrorCode::MalformedModel, "mode", {{"mode", std::string("ring")}});
}

}  // namespace
}  // namespace keel::test
