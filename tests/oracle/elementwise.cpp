// Functions of one element.
#include <cmath>

#include "tests/oracle/call.h"

namespace keel::oracle {

Array map_reals(const Array& x, const std::function<double(double)>& f) {
  if (!x.is_real()) throw Error(ErrorCode::Unsupported, "oracle: a float tensor is wanted");
  Array out = x;
  for (double& value : out.reals) value = f(value);
  return out;
}

double larger(double a, double b) { return std::isnan(a) || a > b ? a : b; }
double smaller(double a, double b) { return std::isnan(a) || a < b ? a : b; }

AxisView::AxisView(const Shape& shape, std::int64_t axis)
    : outer(oracle::count(shape, 0, axis)),
      n(shape[axis]),
      inner(oracle::count(shape, axis + 1, shape.size())) {}

namespace {

Array map_ints(const Array& x, const std::function<std::int64_t(std::int64_t)>& f) {
  Array out = x;
  for (std::int64_t& value : out.ints) value = wrap(x.type, f(value));
  return out;
}

std::int64_t negated(std::int64_t v) {
  return static_cast<std::int64_t>(std::uint64_t{0} - static_cast<std::uint64_t>(v));
}

Array test_reals(const Array& x, const std::function<bool(double)>& f) {
  Array out(DataType::Bool, x.shape);
  for (std::int64_t i = 0; i < x.size(); ++i) out.ints[i] = f(x.reals[i]);
  return out;
}

Arrays abs(const Call& c) {
  if (c[0].is_real()) return {map_reals(c[0], [](double v) { return std::fabs(v); })};
  const DataType type = c[0].type;
  return {
      map_ints(c[0], [type](std::int64_t v) { return integer_less(type, v, 0) ? negated(v) : v; })};
}

Arrays neg(const Call& c) {
  if (c[0].is_real()) return {map_reals(c[0], [](double v) { return -v; })};
  return {map_ints(c[0], negated)};
}

Arrays sign(const Call& c) {
  if (c[0].is_real())
    return {map_reals(c[0], [](double v) { return v > 0 ? 1 : v < 0 ? -1 : v * 0; })};
  const DataType type = c[0].type;
  return {map_ints(c[0], [type](std::int64_t v) {
    return std::int64_t{integer_less(type, 0, v)} - std::int64_t{integer_less(type, v, 0)};
  })};
}

Arrays is_inf(const Call& c) {
  const bool negative = c.node.int_or("detect_negative", 1) != 0;
  const bool positive = c.node.int_or("detect_positive", 1) != 0;
  return {
      test_reals(c[0], [=](double v) { return std::isinf(v) && (v < 0 ? negative : positive); })};
}

Arrays is_nan(const Call& c) {
  return {test_reals(c[0], [](double v) { return std::isnan(v); })};
}

// Ties go to the even neighbour.
double round_half_even(double v) {
  const double low = std::floor(v), rest = v - low;
  if (rest < 0.5 || (rest == 0.5 && std::fmod(low, 2) == 0)) return std::copysign(low, v);
  return std::copysign(low + 1, v);
}

}  // namespace

void add_elementwise(Table& table) {
  const std::map<std::string, double (*)(double)> functions = {
      {"Sqrt", [](double v) { return std::sqrt(v); }},
      {"Exp", [](double v) { return std::exp(v); }},
      {"Log", [](double v) { return std::log(v); }},
      {"Reciprocal", [](double v) { return 1 / v; }},
      {"Floor", [](double v) { return std::floor(v); }},
      {"Ceil", [](double v) { return std::ceil(v); }},
      {"Round", round_half_even},
      {"Erf", [](double v) { return std::erf(v); }},
      {"Sin", [](double v) { return std::sin(v); }},
      {"Cos", [](double v) { return std::cos(v); }},
      {"Tan", [](double v) { return std::tan(v); }},
      {"Asin", [](double v) { return std::asin(v); }},
      {"Acos", [](double v) { return std::acos(v); }},
      {"Atan", [](double v) { return std::atan(v); }},
      {"Sinh", [](double v) { return std::sinh(v); }},
      {"Cosh", [](double v) { return std::cosh(v); }},
      {"Tanh", [](double v) { return std::tanh(v); }},
      {"Asinh", [](double v) { return std::asinh(v); }},
      {"Acosh", [](double v) { return std::acosh(v); }},
      {"Atanh", [](double v) { return std::atanh(v); }},
  };
  for (const auto& [name, function] : functions)
    table[name] = [function = function](const Call& c) -> Arrays {
      return {map_reals(c[0], function)};
    };
  table["Abs"] = abs;
  table["Neg"] = neg;
  table["Sign"] = sign;
  table["IsInf"] = is_inf;
  table["IsNaN"] = is_nan;
}

}  // namespace keel::oracle
