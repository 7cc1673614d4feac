#include <gtest/gtest.h>

#include "tests/support/compare.h"
#include "tests/support/expect_error.h"
#include "tests/support/operator_check.h"

namespace keel::test {
namespace {

Tensor ints(const Ints& values) {
  return make_tensor<std::int64_t>({static_cast<std::int64_t>(values.size())}, values);
}

TEST(CenterCropPad, SmallerHalfInFront) {
  const auto middle = [](const std::vector<float>& x, std::int64_t size) {
    return run_operator(
        "CenterCropPad",
        {make_tensor<float>({static_cast<std::int64_t>(x.size())}, x), ints({size})})[0];
  };
  EXPECT_EQ(difference(middle({1, 2, 3, 4}, 1), make_tensor<float>({1}, {2})), "");
  EXPECT_EQ(difference(middle({1, 2, 3, 4}, 2), make_tensor<float>({2}, {2, 3})), "");
  EXPECT_EQ(difference(middle({1, 2}, 5), make_tensor<float>({5}, {0, 1, 2, 0, 0})), "");
  EXPECT_EQ(difference(middle({1, 2}, 0), Tensor(DataType::Float, {0})), "");
  EXPECT_EQ(difference(middle({}, 2), make_tensor<float>({2}, {0, 0})), "");
}

TEST(CenterCropPad, CutsOneAxisAndPadsAnother) {
  const Tensor x = make_tensor<std::int8_t>({3, 2}, {1, 2, 3, 4, 5, 6});
  const Tensor y = run_operator("CenterCropPad", {x, ints({1, 3})}, {{"axes", Ints{-2, -1}}})[0];
  EXPECT_EQ(difference(y, make_tensor<std::int8_t>({1, 3}, {3, 4, 0})), "");
  const Tensor z = run_operator("CenterCropPad", {x, ints({1})}, {{"axes", Ints{1}}})[0];
  EXPECT_EQ(difference(z, make_tensor<std::int8_t>({3, 1}, {1, 3, 5})), "");
}

TEST(CenterCropPad, RefusesWrongSizes) {
  const Tensor x(DataType::Float, {3, 2});
  const auto refused = [&](const Ints& size, ErrorCode code, const char* fragment,
                           const Attributes& attributes = {}) {
    expect_error(code, fragment, [&] {
      run_operator("CenterCropPad", {x, ints(size)}, attributes);
    });
  };
  refused({1}, ErrorCode::BadInput, "expected 2 values");
  refused({1, -1}, ErrorCode::BadInput, "-1 is no size");
  refused({1, 1}, ErrorCode::BadInput, "appears twice", {{"axes", Ints{0, -2}}});
  refused({std::int64_t{1} << 40, std::int64_t{1} << 40}, ErrorCode::ResourceLimit, "");
}

}  // namespace
}  // namespace keel::test
