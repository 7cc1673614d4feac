// Operators that change or tell the shape and leave the elements in their order.
#include <algorithm>

#include "tests/oracle/call.h"

namespace keel::oracle {
namespace {

Arrays reshape(const Call& c) {
  Shape shape = c[1].ints;
  const bool allow_zero = c.node.int_or("allowzero", 0) != 0;
  std::int64_t known = 1, unknown = -1;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] == 0 && !allow_zero) {
      if (i >= c[0].shape.size()) c.bad("a dim to copy is not there");
      shape[i] = c[0].shape[i];
    }
    if (shape[i] == -1)
      unknown = static_cast<std::int64_t>(i);
    else
      known *= shape[i];
  }
  if (unknown >= 0) {
    if (known == 0) c.bad("a -1 beside a size of 0");
    shape[unknown] = c[0].size() / known;
  }
  return {reshaped(c[0], shape)};
}

Arrays flatten(const Call& c) {
  const Array& x = c[0];
  const std::int64_t given = c.node.int_or("axis", 1);
  const std::int64_t axis = given < 0 ? given + x.rank() : given;
  if (axis < 0 || axis > x.rank()) c.bad("axis out of range");
  return {reshaped(x, {count(x.shape, 0, axis), count(x.shape, axis, x.shape.size())})};
}

Arrays squeeze(const Call& c) {
  const Array& x = c[0];
  std::vector<bool> drop(x.shape.size());
  for (std::size_t i = 0; i < drop.size(); ++i) drop[i] = !c.has(1) && x.shape[i] == 1;
  if (c.has(1))
    for (const std::int64_t axis : c[1].ints) drop[c.axis(axis, x.rank())] = true;
  Shape shape;
  for (std::size_t i = 0; i < drop.size(); ++i)
    if (!drop[i]) shape.push_back(x.shape[i]);
  return {reshaped(x, shape)};
}

Arrays unsqueeze(const Call& c) {
  const Array& x = c[0];
  const std::int64_t rank = x.rank() + c[1].size();
  Shape shape(static_cast<std::size_t>(rank), -1);
  for (const std::int64_t axis : c[1].ints) shape[c.axis(axis, rank)] = 1;
  auto next = x.shape.begin();
  for (std::int64_t& dim : shape)
    if (dim < 0) {
      if (next == x.shape.end()) c.bad("axes are repeated");
      dim = *next++;
    }
  return {reshaped(x, shape)};
}

Arrays shape(const Call& c) {
  const std::int64_t rank = c[0].rank();
  const auto clamp = [rank](std::int64_t v) {
    return std::clamp<std::int64_t>(v < 0 ? v + rank : v, 0, rank);
  };
  const std::int64_t start = clamp(c.node.int_or("start", 0));
  const std::int64_t end = clamp(c.node.int_or("end", rank));
  if (end <= start) return {int64_array({})};
  return {int64_array({c[0].shape.begin() + start, c[0].shape.begin() + end})};
}

Arrays size(const Call& c) { return {reshaped(int64_array({c[0].size()}), {})}; }

// The identity at inference. The mask is all true.
Arrays dropout(const Call& c) {
  const bool training = c.has(2) && c[2].ints[0] != 0;
  if (training && (!c.has(1) || c[1].reals[0] != 0)) c.unsupported("Dropout that drops is random");
  Array mask(DataType::Bool, c[0].shape);
  std::fill(mask.ints.begin(), mask.ints.end(), 1);
  return {c[0], mask};
}

}  // namespace

void add_shapes(Table& table) {
  table["Reshape"] = reshape;
  table["Flatten"] = flatten;
  table["Squeeze"] = squeeze;
  table["Unsqueeze"] = unsqueeze;
  table["Shape"] = shape;
  table["Size"] = size;
  table["Dropout"] = dropout;
  table["Identity"] = [](const Call& c) -> Arrays { return {c[0]}; };
}

}  // namespace keel::oracle
