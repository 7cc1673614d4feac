#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/expect_error.h"
#include "tests/support/operator_check.h"
#include "tests/support/random_tensor.h"

namespace keel::test {
namespace {

// Distinct along every axis, so that no element is written twice.
Tensor ramp(const Shape& shape, std::size_t axis, std::int64_t size) {
  Tensor indices(DataType::Int64, shape);
  std::int64_t inner = 1;
  for (std::size_t k = axis + 1; k < shape.size(); ++k) inner *= shape[k];
  for (std::int64_t i = 0; i < indices.size(); ++i) {
    const std::int64_t at = (i / inner * 2 + i % inner) % size;
    indices.data_as<std::int64_t>()[i] = i % 3 == 0 ? at - size : at;
  }
  return indices;
}

TEST(ScatterElements, LastUpdateCounts) {
  Random random(1);
  for (DataType type : {DataType::Float, DataType::Bool, DataType::Float16, DataType::Int64})
    for (std::int64_t axis = -2; axis < 2; ++axis)
      for (const Shape& shape : {Shape{3, 5}, Shape{2, 3}, Shape{0, 5}, Shape{3, 1}}) {
        const auto at = static_cast<std::size_t>(axis < 0 ? axis + 2 : axis);
        check_operator("ScatterElements",
                       {random_tensor(random, type, {3, 5}, 0, 9), ramp(shape, at, at == 0 ? 3 : 5),
                        random_tensor(random, type, shape, 0, 9)},
                       {{"axis", axis}});
      }
  check_operator("ScatterElements",
                 {make_tensor<std::string>({2}, {"a", "b"}), make_tensor<std::int64_t>({1}, {-1}),
                  make_tensor<std::string>({1}, {"c"})});
}

TEST(ScatterElements, Reductions) {
  Random random(1);
  for (const char* reduction : {"add", "mul", "min", "max"})
    for (DataType type : {DataType::Float, DataType::Double, DataType::Int8, DataType::Uint8,
                          DataType::Int16, DataType::Uint16, DataType::Int32, DataType::Uint32,
                          DataType::Int64, DataType::Uint64, DataType::Float16})
      check_operator("ScatterElements",
                     {random_tensor(random, type, {5, 3}, 0, 9),
                      random_tensor(random, DataType::Int64, {7, 2}, -5, 4),
                      random_tensor(random, type, {7, 2}, 0, 9)},
                     {{"reduction", std::string(reduction)}});
}

TEST(ScatterElements, ExtremesKeepNaN) {
  for (const char* reduction : {"min", "max"}) {
    const Tensor y =
        run_operator("ScatterElements",
                     {make_tensor<float>({2}, {NAN, 1}), make_tensor<std::int64_t>({2}, {0, 1}),
                      make_tensor<float>({2}, {2, NAN})},
                     {{"reduction", std::string(reduction)}})[0];
    EXPECT_TRUE(std::isnan(y.data_as<float>()[0]) && std::isnan(y.data_as<float>()[1]));
  }
}

TEST(ScatterElements, RefusesWhatDoesNotFit) {
  const Tensor x(DataType::Float, {3, 4}), one = make_tensor<float>({1, 1}, {1});
  const auto index = [](std::int64_t value) { return make_tensor<std::int64_t>({1, 1}, {value}); };
  const auto refused = [&](const std::vector<Tensor>& inputs, ErrorCode code, const char* fragment,
                           const std::string& reduction = "none") {
    expect_error(code, fragment, [&] {
      run_operator("ScatterElements", inputs, {{"reduction", reduction}});
    });
  };
  refused({x, index(3), one}, ErrorCode::BadInput, "index 3 is out of range for axis 0 of size 3");
  refused({x, index(0), Tensor(DataType::Float, {1, 2})}, ErrorCode::BadInput, "expected shape");
  refused({x, index(0), make_tensor<double>({1, 1}, {1})}, ErrorCode::BadInput, "expected type");
  refused({x, index(0), one}, ErrorCode::MalformedModel, "reduction", "mean");
  refused({Tensor(DataType::Bool, {3, 4}), index(0), Tensor(DataType::Bool, {1, 1})},
          ErrorCode::Unsupported, "bool", "add");
}

}  // namespace
}  // namespace keel::test
