// Operators that make tensors of attributes and shapes.
#include <cmath>

#include "tests/oracle/call.h"

namespace keel::oracle {
namespace {

Array floats(const std::vector<float>& values) {
  Array out(DataType::Float, {static_cast<std::int64_t>(values.size())});
  out.reals.assign(values.begin(), values.end());
  return out;
}

Array texts(const std::vector<std::string>& values) {
  Array out(DataType::String, {static_cast<std::int64_t>(values.size())});
  out.texts = values;
  return out;
}

Arrays constant(const Call& c) {
  for (const auto& [name, value] : c.node.attributes) {
    if (name == "value") return {from_tensor(std::get<Tensor>(value))};
    if (name == "value_float") return {reshaped(floats({std::get<float>(value)}), {})};
    if (name == "value_floats") return {floats(std::get<std::vector<float>>(value))};
    if (name == "value_int") return {reshaped(int64_array({std::get<std::int64_t>(value)}), {})};
    if (name == "value_ints") return {int64_array(std::get<std::vector<std::int64_t>>(value))};
    if (name == "value_string") return {reshaped(texts({std::get<std::string>(value)}), {})};
    if (name == "value_strings") return {texts(std::get<std::vector<std::string>>(value))};
  }
  c.unsupported("a Constant of this kind");
}

Arrays constant_of_shape(const Call& c) {
  const auto found = c.node.attributes.find("value");
  Array value = scalar(DataType::Float, 0);
  if (found != c.node.attributes.end()) value = from_tensor(std::get<Tensor>(found->second));
  const Shape shape = c[0].ints;
  return {pick(value, shape, Indices(static_cast<std::size_t>(count(shape)), 0))};
}

// start, start + delta, ... before limit
Arrays range(const Call& c) {
  const double start = c[0].number(0), limit = c[1].number(0), delta = c[2].number(0);
  if (delta == 0) c.bad("delta is 0");
  const auto n = static_cast<std::int64_t>(std::max(std::ceil((limit - start) / delta), 0.0));
  Array out(c[0].type, {n});
  for (std::int64_t i = 0; i < n; ++i) out.set_number(i, start + static_cast<double>(i) * delta);
  return {out};
}

Arrays eye_like(const Call& c) {
  const std::int64_t k = c.node.int_or("k", 0);
  Array out(static_cast<DataType>(c.node.int_or("dtype", static_cast<int>(c[0].type))), c[0].shape);
  for (std::int64_t i = 0; i < out.shape[0]; ++i)
    if (k >= -i && k < out.shape[1] - i) out.set_number(i * out.shape[1] + i + k, 1);
  return {out};
}

}  // namespace

void add_generators(Table& table) {
  table["Constant"] = constant;
  table["ConstantOfShape"] = constant_of_shape;
  table["Range"] = range;
  table["EyeLike"] = eye_like;
}

}  // namespace keel::oracle
