// Matrix products of any element type, by the formula: for double and integers.
#pragma once

#include <algorithm>
#include <type_traits>

#include "runtime/op.h"

namespace keel {

// A matrix by its first element; steps in elements from row to row and column to column.
template <typename T>
struct StridedMatrix {
  const T* data;
  std::int64_t row, column;
};

namespace plain_gemm {

// Integers wrap around, which only unsigned ones may.
template <typename T, bool = std::is_integral_v<T>>
struct Wrapping {
  using type = T;
};
template <typename T>
struct Wrapping<T, true> {
  using type = std::make_unsigned_t<T>;
};

}  // namespace plain_gemm

// Row m of y[n] = sum over k of a[m][k] * b[k][n].
template <typename T>
void multiply_row(const StridedMatrix<T>& a, const StridedMatrix<T>& b, std::int64_t m,
                  std::int64_t n, std::int64_t k, T* y) {
  using U = typename plain_gemm::Wrapping<T>::type;
  std::fill(y, y + n, T(0));
  for (std::int64_t i = 0; i < k; ++i) {
    const U factor = static_cast<U>(a.data[m * a.row + i * a.column]);
    const T* row = b.data + i * b.row;
    for (std::int64_t j = 0; j < n; ++j)
      y[j] = static_cast<T>(static_cast<U>(y[j]) + factor * static_cast<U>(row[j * b.column]));
  }
}

}  // namespace keel
