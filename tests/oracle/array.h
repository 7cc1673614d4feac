// The oracle's values: dense arrays of double, int64 or string, remembering the ONNX type.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "runtime/keel.h"

namespace keel::oracle {

using Indices = std::vector<std::int64_t>;

// Exactly one of the three vectors is in use, as the type says. Integers (and bool) are kept in
// two's complement: a uint64 above INT64_MAX is the negative number of the same bits.
struct Array {
  DataType type = DataType::Undefined;
  Shape shape;
  std::vector<double> reals;
  std::vector<std::int64_t> ints;
  std::vector<std::string> texts;

  Array() = default;
  Array(DataType type, Shape shape);  // zeros

  std::int64_t size() const;
  std::int64_t rank() const { return static_cast<std::int64_t>(shape.size()); }
  bool is_real() const;
  bool is_text() const { return type == DataType::String; }
  bool is_integer() const { return !is_real() && !is_text(); }
  double number(std::int64_t i) const;            // element i of a real or integer array
  void set_number(std::int64_t i, double value);  // truncated and wrapped for integer types
};

using Arrays = std::vector<Array>;

bool is_real_type(DataType type);
// The value of an integer wrapped around to the width of its type; bool: 0 or 1.
std::int64_t wrap(DataType type, std::int64_t value);
// a < b as the type orders them (uint64 is kept in two's complement).
bool integer_less(DataType type, std::int64_t a, std::int64_t b);

Array from_tensor(const Tensor& tensor);
// exact: float types as a Double tensor, otherwise rounded to the array's type.
Tensor to_tensor(const Array& array, bool exact);

Array scalar(DataType type, double value);
Array int64_array(const Indices& values);  // rank 1

// Product of dims [begin, end).
std::int64_t count(const Shape& dims, std::size_t begin, std::size_t end);
std::int64_t count(const Shape& dims);
Indices strides(const Shape& dims);
// f(flat, index) for every index of the shape in row-major order.
void for_each(const Shape& shape, const std::function<void(std::int64_t, const Indices&)>& f);

// numpy's rule; throws Error(BadInput) on a clash.
Shape broadcast(const Shape& a, const Shape& b);
// For each element of `to`, the flat index of the element of `from` that broadcasting puts there.
Indices broadcast_map(const Shape& from, const Shape& to);

// The array whose element i is x[from[i]]; from[i] < 0 takes the only element of `fill` (null:
// zero). All data movement is this with different maps.
Array pick(const Array& x, Shape shape, const Indices& from, const Array* fill = nullptr);
Array reshaped(Array x, Shape shape);

}  // namespace keel::oracle
