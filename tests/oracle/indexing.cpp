// Shapes, strides and broadcasting of array.h.
#include <algorithm>

#include "runtime/error.h"
#include "tests/oracle/array.h"

namespace keel::oracle {

std::int64_t count(const Shape& dims, std::size_t begin, std::size_t end) {
  std::int64_t n = 1;
  for (std::size_t i = begin; i < end; ++i) n *= dims[i];
  return n;
}

std::int64_t count(const Shape& dims) { return count(dims, 0, dims.size()); }

Indices strides(const Shape& dims) {
  Indices out(dims.size(), 1);
  for (std::size_t i = dims.size(); i-- > 1;) out[i - 1] = out[i] * dims[i];
  return out;
}

void for_each(const Shape& shape, const std::function<void(std::int64_t, const Indices&)>& f) {
  Indices index(shape.size(), 0);
  const std::int64_t n = count(shape);
  for (std::int64_t flat = 0; flat < n; ++flat) {
    f(flat, index);
    for (std::size_t axis = shape.size(); axis-- > 0;) {
      if (++index[axis] < shape[axis]) break;
      index[axis] = 0;
    }
  }
}

Shape broadcast(const Shape& a, const Shape& b) {
  Shape out(std::max(a.size(), b.size()), 1);
  for (std::size_t i = 0; i < out.size(); ++i) {
    const std::int64_t da = i < a.size() ? a[a.size() - 1 - i] : 1;
    const std::int64_t db = i < b.size() ? b[b.size() - 1 - i] : 1;
    if (da != db && da != 1 && db != 1)
      throw Error(ErrorCode::BadInput, "oracle: shapes do not broadcast");
    out[out.size() - 1 - i] = da == 1 ? db : da;
  }
  return out;
}

Indices broadcast_map(const Shape& from, const Shape& to) {
  if (broadcast(from, to) != to)
    throw Error(ErrorCode::BadInput, "oracle: a shape does not broadcast to the result");
  const Indices step = strides(from);
  const std::size_t missing = to.size() - from.size();
  Indices map(static_cast<std::size_t>(count(to)));
  for_each(to, [&](std::int64_t flat, const Indices& index) {
    std::int64_t at = 0;
    for (std::size_t i = 0; i < from.size(); ++i)
      if (from[i] != 1) at += index[missing + i] * step[i];
    map[flat] = at;
  });
  return map;
}

Array pick(const Array& x, Shape shape, const Indices& from, const Array* fill) {
  Array out(x.type, std::move(shape));
  for (std::size_t i = 0; i < from.size(); ++i) {
    const bool inside = from[i] >= 0;
    if (!inside && !fill) continue;
    const Array& source = inside ? x : *fill;
    const std::int64_t at = inside ? from[i] : 0;
    if (x.is_real()) out.reals[i] = source.reals[at];
    if (x.is_integer()) out.ints[i] = source.ints[at];
    if (x.is_text()) out.texts[i] = source.texts[at];
  }
  return out;
}

Array reshaped(Array x, Shape shape) {
  if (count(shape) != x.size())
    throw Error(ErrorCode::BadInput, "oracle: a shape does not fit the number of elements");
  x.shape = std::move(shape);
  return x;
}

}  // namespace keel::oracle
