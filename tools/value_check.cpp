#include "tools/value_check.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "runtime/constants.h"

namespace keel::tools {

bool same_tensor(const Tensor* a, const Tensor* b) {
  if (a == nullptr || b == nullptr || a->type() != b->type() || a->shape() != b->shape())
    return false;
  if (a->type() == DataType::String) return false;
  return a->byte_size() == 0 || std::memcmp(a->data(), b->data(), a->byte_size()) == 0;
}

ValueCheck compare_values(const std::string& name, const Tensor& a, const Tensor& b,
                          const Tensor& size, double factor) {
  ValueCheck check{name};
  if (a.type() != b.type() || a.shape() != b.shape()) {
    check.ok = false;
    check.nme = INFINITY;
    return check;
  }
  if (!is_floating(a.type())) {
    check.ok = same_tensor(&a, &b) || a.type() == DataType::String;
    for (std::int64_t i = 0; a.type() == DataType::String && i < a.size(); ++i)
      check.ok &= a.data_as<std::string>()[i] == b.data_as<std::string>()[i];
    return check;
  }
  double largest = 0, bound = 0;
  for (std::int64_t i = 0; i < a.size(); ++i) {
    const double x = element_as_double(a, i), y = element_as_double(b, i);
    if (std::isfinite(x)) largest = std::max(largest, std::abs(x));
    const double allowed = size.empty() ? 0 : factor * element_as_double(size, i);
    if (std::isfinite(allowed)) bound = std::max(bound, allowed);
    if (x == y || (std::isnan(x) && std::isnan(y))) continue;
    const double difference = std::abs(x - y);
    check.max_abs = std::isnan(difference) ? INFINITY : std::max(check.max_abs, difference);
    if (!size.empty()) check.ok = check.ok && difference <= allowed;
  }
  const auto relative = [&](double value) {
    return value == 0 ? 0 : largest == 0 ? INFINITY : value / largest;
  };
  check.nme = relative(check.max_abs);
  check.bound = relative(bound);
  return check;
}

void ValueCheck::merge(const ValueCheck& other) {
  max_abs = std::max(max_abs, other.max_abs);
  nme = std::max(nme, other.nme);
  bound = std::max(bound, other.bound);
  ok = ok && other.ok;
}

}  // namespace keel::tools
