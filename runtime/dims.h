// Arithmetic on dims that may be unknown or symbolic.
#pragma once

#include "runtime/graph.h"

namespace keel {

inline Dim dim_mul(Dim a, Dim b) {
  if (a == 0 || b == 0) return 0;
  if (a == 1) return b;
  if (b == 1) return a;
  return a < 0 || b < 0 ? kUnknownDim : checked_mul(a, b);
}

inline Dim dim_add(Dim a, Dim b) {
  if (a == 0) return b;
  if (b == 0) return a;
  return a < 0 || b < 0 ? kUnknownDim : checked_add(a, b);
}

// True where both are sizes and differ: then no run can make them equal.
inline bool dims_clash(Dim a, Dim b) { return a >= 0 && b >= 0 && a != b; }

}  // namespace keel
