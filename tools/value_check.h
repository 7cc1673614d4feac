// One value of two models side by side.
#pragma once

#include <string>

#include "runtime/keel.h"

namespace keel::tools {

// What folding changed at one anchor, or at an output the model as a whole.
struct ValueCheck {
  std::string name;
  double max_abs = 0;  // largest |original - folded|
  double nme = 0;      // max_abs / max |original|
  double bound = 0;    // what nme may be
  bool ok = true;

  // The worse of the two, of one value on two inputs.
  void merge(const ValueCheck& other);
};

// Type, shape and every byte agree. Never true of strings.
bool same_tensor(const Tensor* a, const Tensor* b);

// Each element may differ by `factor` times that of `size`, which is empty where no bound by
// element is known. What is not floating must be equal; a NaN is equal to a NaN.
ValueCheck compare_values(const std::string& name, const Tensor& a, const Tensor& b,
                          const Tensor& size, double factor);

}  // namespace keel::tools
