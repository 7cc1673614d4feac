// Resize on arrays seen as a list of axes, each with its table: gathering for nearest, weighted
// sums one axis after the other for linear and cubic.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>
#include <vector>

#include "runtime/op.h"
#include "runtime/resize_axes.h"

namespace keel {

// A real number as T: integers rounded to nearest even and kept within their range.
template <typename T>
T resize_rounded(double value) {
  if constexpr (std::is_integral_v<T>) {
    using Limits = std::numeric_limits<T>;
    value = std::nearbyint(value);
    if (!(value > static_cast<double>(Limits::min()))) return Limits::min();
    if (value >= static_cast<double>(Limits::max())) return Limits::max();
  }
  return static_cast<T>(value);
}

// y from x by taking elements. Rows along the last axis that changes are independent; behind it
// lie `block` elements that move together.
template <typename T>
void resize_nearest(const std::vector<ResizeTable>& tables, T extrapolation, const T* x, T* y,
                    Parallel& parallel) {
  std::size_t last = tables.size();
  std::int64_t block = 1;
  while (last > 0 && tables[last - 1].identity) block *= tables[--last].in;
  if (last == 0) {
    std::copy(x, x + block, y);
    return;
  }
  const ResizeTable& inner = tables[--last];
  std::int64_t rows = 1;
  for (std::size_t axis = 0; axis < last; ++axis) rows *= tables[axis].out;
  const auto outside = [](const ResizeTable& table, std::int64_t j) {
    return !table.outside.empty() && table.outside[static_cast<std::size_t>(j)] != 0;
  };
  parallel.chunks(rows, [&](std::int64_t row, int) {
    std::int64_t rest = row, from = 0, step = 1;
    bool beyond = false;
    for (std::size_t axis = last; axis-- > 0; rest /= tables[axis].out) {
      const ResizeTable& table = tables[axis];
      const std::int64_t j = rest % table.out;
      from += (table.identity ? j : table.index[static_cast<std::size_t>(j)]) * step;
      step *= table.in;
      beyond = beyond || outside(table, j);
    }
    const T* source = x + from * inner.in * block;
    T* to = y + row * inner.out * block;
    for (std::int64_t j = 0; j < inner.out; ++j, to += block) {
      if (beyond || outside(inner, j)) {
        std::fill(to, to + block, extrapolation);
        continue;
      }
      const T* element = source + inner.index[static_cast<std::size_t>(j)] * block;
      if (block == 1)
        *to = *element;
      else
        std::copy(element, element + block, to);
    }
  });
}

// The order in which axes are interpolated: those that shrink most first. Identities are left out.
inline std::vector<std::size_t> resize_order(const std::vector<ResizeTable>& tables) {
  std::vector<std::size_t> order;
  for (std::size_t axis = 0; axis < tables.size(); ++axis)
    if (!tables[axis].identity) order.push_back(axis);
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return static_cast<double>(tables[a].out) * static_cast<double>(tables[b].in) <
           static_cast<double>(tables[b].out) * static_cast<double>(tables[a].in);
  });
  return order;
}

// One axis in double: x [outer, in, inner] -> y [outer, out, inner].
inline void resize_axis(const ResizeTable& table, double extrapolation, std::int64_t outer,
                        std::int64_t inner, const double* x, double* y, Parallel& parallel) {
  parallel.chunks(outer * table.out, [&](std::int64_t row, int) {
    const std::int64_t j = row % table.out;
    const double* from = x + row / table.out * table.in * inner;
    double* to = y + row * inner;
    const bool beyond = !table.outside.empty() && table.outside[static_cast<std::size_t>(j)] != 0;
    std::fill(to, to + inner, beyond ? extrapolation : 0.0);
    for (std::int64_t t = 0; t < table.taps && !beyond; ++t) {
      const auto at = static_cast<std::size_t>(j * table.taps + t);
      const double* source = from + table.index[at] * inner;
      for (std::int64_t i = 0; i < inner; ++i) to[i] += table.exact[at] * source[i];
    }
  });
}

}  // namespace keel
