// The arithmetic of the Reduce operators: a sum that elements are added to one by one, and what
// becomes of it in the end. Floats are summed in double.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "runtime/to_integer.h"

namespace keel::ops {

enum class Kind { Sum, Mean, Max, Min, Prod, L1, L2, LogSum, LogSumExp, SumSquare };

constexpr bool is_extreme(Kind kind) { return kind == Kind::Max || kind == Kind::Min; }
// Kinds whose result is a real number even of integers, which it is then truncated to.
constexpr bool is_real(Kind kind) {
  return kind == Kind::Mean || kind == Kind::L2 || kind == Kind::LogSum || kind == Kind::LogSumExp;
}

// What is summed in. int64 holds all sums of narrower integers; uint64 wraps as the specification's
// own type does.
template <Kind K, typename T>
using Sum =
    std::conditional_t<is_extreme(K), T,
                       std::conditional_t<is_real(K) || std::is_floating_point_v<T>, double,
                                          std::conditional_t<std::is_same_v<T, std::uint64_t>,
                                                             std::uint64_t, std::int64_t>>>;

// Wrap-around addition and multiplication, defined for signed integers too.
template <typename A>
A add(A a, A b) {
  if constexpr (std::is_floating_point_v<A>)
    return a + b;
  else
    return static_cast<A>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}
template <typename A>
A multiply(A a, A b) {
  if constexpr (std::is_floating_point_v<A>)
    return a * b;
  else
    return static_cast<A>(static_cast<std::uint64_t>(a) * static_cast<std::uint64_t>(b));
}

// The result of no elements.
template <Kind K, typename A>
A start() {
  using Limits = std::numeric_limits<A>;
  if constexpr (K == Kind::Prod) return A{1};
  if constexpr (K == Kind::Max)
    return Limits::has_infinity ? -Limits::infinity() : Limits::lowest();
  if constexpr (K == Kind::Min) return Limits::has_infinity ? Limits::infinity() : Limits::max();
  return A{0};
}

// `shift` is the largest element, for LogSumExp only.
template <Kind K, typename A>
A step(A sum, A x, A shift) {
  if constexpr (K == Kind::Max) return x > sum || x != x ? x : sum;
  if constexpr (K == Kind::Min) return x < sum || x != x ? x : sum;
  if constexpr (K == Kind::Prod) return multiply(sum, x);
  if constexpr (K == Kind::L1) return add(sum, x < A{0} ? multiply(x, static_cast<A>(-1)) : x);
  if constexpr (K == Kind::L2 || K == Kind::SumSquare) return add(sum, multiply(x, x));
  if constexpr (K == Kind::LogSumExp) return sum + std::exp(x - shift);
  return add(sum, x);
}

template <Kind K, typename T, typename A>
T finish(A sum, A shift, std::int64_t count) {
  A result = sum;
  if constexpr (K == Kind::Mean) result = sum / static_cast<A>(count);
  if constexpr (K == Kind::L2) result = std::sqrt(sum);
  if constexpr (K == Kind::LogSum) result = std::log(sum);
  if constexpr (K == Kind::LogSumExp) result = std::log(sum) + shift;
  if constexpr (std::is_integral_v<T> && std::is_floating_point_v<A>) {
    return to_integer<T>(result);
  } else {
    return static_cast<T>(result);
  }
}

}  // namespace keel::ops
