// Gather in its forms, and what else reads positions from a tensor.
#include "tests/oracle/index.h"

#include <algorithm>

namespace keel::oracle {

std::int64_t wrapped_index(const Call& c, std::int64_t index, std::int64_t n) {
  if (index < -n || index >= n) c.bad("an index is out of range");
  return index < 0 ? index + n : index;
}

Indices nd_starts(const Call& c, const Array& data, const Array& indices, std::int64_t batch) {
  const std::int64_t depth = indices.shape.back();
  const Indices step = strides(data.shape);
  const std::int64_t batch_size = count(data.shape, batch, data.shape.size());
  const std::int64_t tuples = count(indices.shape, 0, indices.shape.size() - 1);
  const std::int64_t per_batch = tuples / std::max<std::int64_t>(count(indices.shape, 0, batch), 1);
  Indices out;
  for (std::int64_t t = 0; t < tuples; ++t) {
    std::int64_t at = t / per_batch * batch_size;
    for (std::int64_t k = 0; k < depth; ++k)
      at += wrapped_index(c, indices.ints[t * depth + k], data.shape[batch + k]) * step[batch + k];
    out.push_back(at);
  }
  return out;
}

namespace {

Arrays gather(const Call& c) {
  const Array &x = c[0], &indices = c[1];
  const std::int64_t axis = c.axis(c.node.int_or("axis", 0), x.rank());
  const AxisView view(x.shape, axis);
  Shape shape(x.shape.begin(), x.shape.begin() + axis);
  shape.insert(shape.end(), indices.shape.begin(), indices.shape.end());
  shape.insert(shape.end(), x.shape.begin() + axis + 1, x.shape.end());
  Indices from;
  for (std::int64_t o = 0; o < view.outer; ++o)
    for (const std::int64_t index : indices.ints)
      for (std::int64_t in = 0; in < view.inner; ++in)
        from.push_back(view.at(o, wrapped_index(c, index, view.n), in));
  return {pick(x, shape, from)};
}

Arrays gather_elements(const Call& c) {
  const Array &x = c[0], &indices = c[1];
  const std::int64_t axis = c.axis(c.node.int_or("axis", 0), x.rank());
  const Indices step = strides(x.shape);
  Indices from(static_cast<std::size_t>(indices.size()));
  for_each(indices.shape, [&](std::int64_t flat, const Indices& index) {
    std::int64_t at = wrapped_index(c, indices.ints[flat], x.shape[axis]) * step[axis];
    for (std::int64_t i = 0; i < x.rank(); ++i)
      if (i != axis) at += index[i] * step[i];
    from[flat] = at;
  });
  return {pick(x, indices.shape, from)};
}

Arrays gather_nd(const Call& c) {
  const Array &x = c[0], &indices = c[1];
  const std::int64_t batch = c.node.int_or("batch_dims", 0);
  const std::int64_t used = batch + indices.shape.back();
  const std::int64_t inner = count(x.shape, used, x.shape.size());
  Shape shape(indices.shape.begin(), indices.shape.end() - 1);
  shape.insert(shape.end(), x.shape.begin() + used, x.shape.end());
  Indices from;
  for (const std::int64_t start : nd_starts(c, x, indices, batch))
    for (std::int64_t i = 0; i < inner; ++i) from.push_back(start + i);
  return {pick(x, shape, from)};
}

// values = [off, on]; an index outside [-depth, depth) gives off everywhere.
Arrays one_hot(const Call& c) {
  const Array& indices = c[0];
  const auto depth = static_cast<std::int64_t>(c[1].number(0));
  const std::int64_t axis = c.axis(c.node.int_or("axis", -1), indices.rank() + 1);
  Shape shape = indices.shape;
  shape.insert(shape.begin() + axis, depth);
  const AxisView view(shape, axis);
  Indices from;
  for (std::int64_t o = 0; o < view.outer; ++o)
    for (std::int64_t i = 0; i < depth; ++i)
      for (std::int64_t in = 0; in < view.inner; ++in) {
        const auto wanted = static_cast<std::int64_t>(indices.number(o * view.inner + in));
        from.push_back((wanted < 0 ? wanted + depth : wanted) == i);
      }
  return {pick(c[2], shape, from)};
}

// The indices of the elements that are not zero, as columns.
Arrays non_zero(const Call& c) {
  const Array& x = c[0];
  std::vector<Indices> found;
  for_each(x.shape, [&](std::int64_t flat, const Indices& index) {
    if (x.number(flat) != 0) found.push_back(index);
  });
  Array out(DataType::Int64, {x.rank(), static_cast<std::int64_t>(found.size())});
  for (std::size_t j = 0; j < found.size(); ++j)
    for (std::int64_t i = 0; i < x.rank(); ++i) out.ints[i * found.size() + j] = found[j][i];
  return {out};
}

}  // namespace

void add_indexing(Table& table) {
  table["Gather"] = gather;
  table["GatherElements"] = gather_elements;
  table["GatherND"] = gather_nd;
  table["OneHot"] = one_hot;
  table["NonZero"] = non_zero;
}

}  // namespace keel::oracle
