#include "tests/support/compare.h"

#include <cmath>
#include <cstring>
#include <limits>

#include "runtime/error.h"
#include "runtime/tensor.h"
#include "tests/oracle/array.h"

namespace keel::test {
namespace {

using oracle::Array;

constexpr double kInf = std::numeric_limits<double>::infinity();

std::string shape_difference(const Tensor& a, const Tensor& b) {
  if (a.shape() == b.shape()) return "";
  return str("shape: expected ", to_string(b.shape()), ", got ", to_string(a.shape()));
}

std::string type_difference(const Tensor& a, const Tensor& b) {
  if (a.type() == b.type()) return "";
  return str("type: expected ", data_type_name(b.type()), ", got ", data_type_name(a.type()));
}

// Distance of two reals: 0 for NaN and NaN or equal infinities, infinite where only one is special.
double distance(double a, double b) {
  if (a == b || (std::isnan(a) && std::isnan(b))) return 0;
  if (!std::isfinite(a) || !std::isfinite(b)) return kInf;
  return std::fabs(a - b);
}

std::string exact_difference(const Array& a, const Array& b) {
  for (std::int64_t i = 0; i < a.size(); ++i) {
    if (a.is_text() && a.texts[i] != b.texts[i])
      return str("element ", i, ": expected '", printable(b.texts[i]), "', got '",
                 printable(a.texts[i]), "'");
    if (a.is_integer() && a.ints[i] != b.ints[i])
      return str("element ", i, ": expected ", b.ints[i], ", got ", a.ints[i]);
  }
  return "";
}

}  // namespace

std::string difference(const Tensor& actual, const Tensor& expected, Tolerance tolerance) {
  if (std::string s = type_difference(actual, expected); !s.empty()) return s;
  if (std::string s = shape_difference(actual, expected); !s.empty()) return s;
  const Array a = oracle::from_tensor(actual), b = oracle::from_tensor(expected);
  if (!a.is_real()) return exact_difference(a, b);
  std::int64_t worst = -1, wrong = 0;
  double excess = 0;
  for (std::int64_t i = 0; i < a.size(); ++i) {
    const double allowed = tolerance.absolute + tolerance.relative * std::fabs(b.reals[i]);
    const double d = distance(a.reals[i], b.reals[i]);
    if (d == 0 || d <= allowed) continue;
    ++wrong;
    if (worst >= 0 && d - allowed <= excess) continue;
    worst = i;
    excess = d - allowed;
  }
  if (worst < 0) return "";
  return str(wrong, " of ", a.size(), " elements differ; element ", worst, ": expected ",
             b.reals[worst], ", got ", a.reals[worst]);
}

double nme(const Tensor& actual, const Tensor& expected) {
  if (actual.shape() != expected.shape()) return kInf;
  const Array a = oracle::from_tensor(actual), b = oracle::from_tensor(expected);
  double largest = 0, error = 0;
  for (std::int64_t i = 0; i < a.size(); ++i) {
    error = std::max(error, distance(a.reals[i], b.reals[i]));
    if (std::isfinite(b.reals[i])) largest = std::max(largest, std::fabs(b.reals[i]));
  }
  return error == 0 ? 0 : largest == 0 ? kInf : error / largest;
}

std::string nme_difference(const Tensor& actual, const Tensor& expected, double tolerance) {
  if (!oracle::is_real_type(actual.type()) || !oracle::is_real_type(expected.type()))
    return difference(actual, expected);
  if (std::string s = shape_difference(actual, expected); !s.empty()) return s;
  const double error = nme(actual, expected);
  if (error <= tolerance) return "";
  return str("nme ", error, " is beyond ", tolerance, "; ",
             difference(actual,
                        oracle::to_tensor(
                            [&] {
                              Array e = oracle::from_tensor(expected);
                              e.type = actual.type();
                              return e;
                            }(),
                            false),
                        {tolerance, 0}));
}

double default_nme(DataType type) {
  switch (type) {
    case DataType::Double:
      return 1e-14;
    case DataType::Float16:
      return 1e-3;
    case DataType::BFloat16:
      return 8e-3;
    default:
      return 2e-6;
  }
}

std::string bit_difference(const Tensor& a, const Tensor& b) {
  if (std::string s = type_difference(a, b); !s.empty()) return s;
  if (std::string s = shape_difference(a, b); !s.empty()) return s;
  if (a.type() == DataType::String) return difference(a, b);
  const auto *x = a.data_as<unsigned char>(), *y = b.data_as<unsigned char>();
  for (std::size_t i = 0; i < a.byte_size(); ++i)
    if (x[i] != y[i]) return str("byte ", i, " of ", a.byte_size(), " differs");
  return "";
}

}  // namespace keel::test
