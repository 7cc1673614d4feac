#include "runtime/folding/axis_map.h"

#include <algorithm>

#include "runtime/tensor.h"

namespace keel::folding {
namespace {

// a / b of two products of dims, where that is a known whole number; symbols cancel.
std::optional<std::int64_t> quotient(Shape a, const Shape& b) {
  std::int64_t divisor = 1;
  for (Dim dim : b) {
    const auto same = std::find(a.begin(), a.end(), dim);
    if (dim != kUnknownDim && same != a.end())
      a.erase(same);
    else if (dim > 0)
      divisor = checked_mul(divisor, dim);
    else
      return std::nullopt;
  }
  std::int64_t dividend = 1;
  for (Dim dim : a) {
    if (dim < 0) return std::nullopt;
    dividend = checked_mul(dividend, dim);
  }
  if (dividend == 0 || dividend % divisor != 0) return std::nullopt;
  return dividend / divisor;
}

Shape before(const Shape& dims, std::int64_t axis) {
  return Shape(dims.begin(), dims.begin() + axis);
}
Shape after(const Shape& dims, std::int64_t axis) {
  return Shape(dims.begin() + axis + 1, dims.end());
}

// How many consecutive coordinates of `to`'s axis b share one of `from`'s axis a, where each of the
// former belongs to one of the latter.
std::optional<std::int64_t> block(const Shape& from, std::int64_t a, const Shape& to,
                                  std::int64_t b) {
  if (const auto m = quotient(after(from, a), after(to, b))) return m;
  // Equal in front of the axis and equal in all: then the rest follows.
  const auto front = quotient(before(from, a), before(to, b));
  if (!front || *front != 1 || from[a] <= 0 || to[b] <= 0 || to[b] % from[a] != 0)
    return std::nullopt;
  return to[b] / from[a];
}

}  // namespace

// Element f of `from` has channel (f / m Q) mod C, where Q is the number of elements behind axis b
// of `to`; with i = (f / Q) mod D its coordinate there, that is (i / m) mod C if m C divides D.
std::optional<Affine> reshaped(const Affine& map, const TensorType& from, const TensorType& to) {
  if (map.uniform()) return map;
  if (!from.ranked || !to.ranked || map.axis >= from.rank()) return std::nullopt;
  const auto C = static_cast<std::int64_t>(map.channels());
  for (std::int64_t b = 0; b < to.rank(); ++b) {
    const std::int64_t D = to.dims[b];
    if (D < C || D == 0) continue;
    const auto m = block(from.dims, map.axis, to.dims, b);
    if (!m || *m == 0 || D % checked_mul(*m, C) != 0) continue;
    std::vector<std::size_t> index(static_cast<std::size_t>(D));
    for (std::int64_t i = 0; i < D; ++i)
      index[static_cast<std::size_t>(i)] = static_cast<std::size_t>(i / *m % C);
    return gather(map, b, index);
  }
  return std::nullopt;
}

}  // namespace keel::folding
