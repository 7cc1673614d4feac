#include <gtest/gtest.h>

#include "tests/support/expect_error.h"
#include "tests/support/operator_check.h"
#include "tests/support/random_tensor.h"

namespace keel::test {
namespace {

TEST(ReverseSequence, TimeOrBatchFirst) {
  Random random(1);
  const std::int64_t lengths[] = {0, 1, 3, 4};
  for (std::int64_t inner : {0, 1, 3}) {
    const Tensor x = random_tensor(random, DataType::Int32, {4, 4, inner}, 0, 999);
    for (std::int64_t time_axis : {0, 1}) {
      const Tensor y =
          run_operator("ReverseSequence", {x, make_tensor<std::int64_t>({4}, {0, 1, 3, 4})},
                       {{"time_axis", time_axis}, {"batch_axis", 1 - time_axis}})[0];
      for (std::int64_t i = 0; i < 16 * inner; ++i) {
        std::int64_t at[] = {i / inner / 4, i / inner % 4};
        std::int64_t& time = at[time_axis];
        const std::int64_t length = lengths[at[1 - time_axis]];
        if (time < length) time = length - 1 - time;
        EXPECT_EQ(y.data_as<std::int32_t>()[i],
                  x.data_as<std::int32_t>()[(at[0] * 4 + at[1]) * inner + i % inner]);
      }
    }
  }
}

TEST(ReverseSequence, RefusesWhatDoesNotFit) {
  const Tensor x(DataType::Float, {3, 1});
  const auto refused = [&](const Tensor& lengths, ErrorCode code, const char* fragment,
                           std::int64_t time = 0, std::int64_t batch = 1) {
    expect_error(code, fragment, [&] {
      run_operator("ReverseSequence", {x, lengths}, {{"time_axis", time}, {"batch_axis", batch}});
    });
  };
  const Tensor two = make_tensor<std::int64_t>({1}, {2});
  refused(make_tensor<std::int64_t>({1}, {4}), ErrorCode::BadInput, "expected 0 to 3, got 4");
  refused(make_tensor<std::int64_t>({1}, {-1}), ErrorCode::BadInput, "got -1");
  refused(make_tensor<std::int64_t>({2}, {1, 1}), ErrorCode::BadInput, "expected 1 values");
  refused(two, ErrorCode::MalformedModel, "time_axis", 2, 0);
  refused(two, ErrorCode::MalformedModel, "batch_axis", 0, 0);
}

}  // namespace
}  // namespace keel::test
