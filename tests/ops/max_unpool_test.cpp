#include <gtest/gtest.h>

#include "tests/support/compare.h"
#include "tests/support/expect_error.h"
#include "tests/support/operator_check.h"

namespace keel::test {
namespace {

const Attributes kPool = {{"kernel_shape", Ints{2, 2}}, {"strides", Ints{2, 2}}};

Tensor places(const std::vector<std::int64_t>& values) {
  return make_tensor<std::int64_t>({1, 1, 2, 2}, values);
}

TEST(MaxUnpool, PutsEveryMaximumBack) {
  const Tensor x = make_tensor<float>({1, 1, 2, 2}, {5, 6, 7, 8}), I = places({5, 7, 13, 15});
  EXPECT_EQ(difference(
                run_operator("MaxUnpool", {x, I}, kPool)[0],
                make_tensor<float>({1, 1, 4, 4}, {0, 0, 0, 0, 0, 5, 0, 6, 0, 0, 0, 0, 0, 7, 0, 8})),
            "");
  const Tensor wider =
      run_operator("MaxUnpool", {x, I, make_tensor<std::int64_t>({4}, {1, 1, 4, 5})}, kPool)[0];
  EXPECT_EQ(difference(wider, make_tensor<float>({1, 1, 4, 5}, {0, 0, 0, 0, 0, 0, 5, 0, 6, 0,  //
                                                                0, 0, 0, 0, 0, 0, 7, 0, 8, 0})),
            "");
}

TEST(MaxUnpool, RefusesWhatDoesNotFit) {
  const Tensor x(DataType::Float, {1, 1, 2, 2});
  const auto refused = [&](const std::vector<Tensor>& more, ErrorCode code, const char* fragment,
                           const Attributes& attributes = kPool) {
    std::vector<Tensor> inputs = {x};
    inputs.insert(inputs.end(), more.begin(), more.end());
    expect_error(code, fragment, [&] { run_operator("MaxUnpool", inputs, attributes); });
  };
  refused({places({0, 1, 2, 16})}, ErrorCode::BadInput, "index 16 is out of range for 16");
  refused({places({0, 1, 2, -1})}, ErrorCode::BadInput, "index -1");
  refused({Tensor(DataType::Int64, {1, 1, 2, 3})}, ErrorCode::BadInput, "expected shape");
  refused({places({0, 1, 2, 3}), make_tensor<std::int64_t>({4}, {1, 1, 3, 4})}, ErrorCode::BadInput,
          "does not hold [1, 1, 4, 4]");
  refused({places({0, 1, 2, 3})}, ErrorCode::MalformedModel, "kernel_shape", {});
  refused({places({0, 1, 2, 3})}, ErrorCode::MalformedModel, "strides",
          {{"kernel_shape", Ints{2, 2}}, {"strides", Ints{0, 2}}});
  refused({places({0, 1, 2, 3})}, ErrorCode::BadInput, "leave nothing",
          {{"kernel_shape", Ints{2, 2}}, {"pads", Ints{9, 0, 0, 0}}});
}

}  // namespace
}  // namespace keel::test
