// Arithmetic of two or more tensors, with broadcasting.
#include <cmath>

#include "tests/oracle/broadcasting.h"

namespace keel::oracle {
namespace {

using Unsigned = std::uint64_t;
std::int64_t add(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<Unsigned>(a) + static_cast<Unsigned>(b));
}
std::int64_t subtract(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<Unsigned>(a) - static_cast<Unsigned>(b));
}
std::int64_t multiply(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<Unsigned>(a) * static_cast<Unsigned>(b));
}

// Towards zero.
std::int64_t divide(const Call& c, DataType type, std::int64_t a, std::int64_t b) {
  if (b == 0) c.bad("integer division by zero");
  if (type == DataType::Uint64)
    return static_cast<std::int64_t>(static_cast<Unsigned>(a) / static_cast<Unsigned>(b));
  return b == -1 ? subtract(0, a) : a / b;
}

std::int64_t remainder(const Call& c, DataType type, std::int64_t a, std::int64_t b) {
  if (b == 0) c.bad("integer modulo by zero");
  if (type == DataType::Uint64)
    return static_cast<std::int64_t>(static_cast<Unsigned>(a) % static_cast<Unsigned>(b));
  return b == -1 ? 0 : a % b;
}

Arrays div(const Call& c) {
  return {combine(
      c, [](double a, double b) { return a / b; },
      [&](std::int64_t a, std::int64_t b) { return divide(c, c[0].type, a, b); })};
}

// fmod=1: the sign of A; fmod=0: the sign of B.
Arrays mod(const Call& c) {
  const bool sign_of_a = c.node.int_or("fmod", 0) != 0;
  const DataType type = c[0].type;
  const auto real = [=](double a, double b) {
    const double r = std::fmod(a, b);
    if (sign_of_a || std::isnan(r)) return r;
    if (r == 0) return std::copysign(0.0, b);
    return (r < 0) != (b < 0) ? r + b : r;
  };
  const auto integer = [&](std::int64_t a, std::int64_t b) {
    const std::int64_t r = remainder(c, type, a, b);
    if (sign_of_a || type == DataType::Uint64) return r;
    return r != 0 && (r < 0) != (b < 0) ? r + b : r;
  };
  return {combine(c, real, integer)};
}

std::int64_t power(std::int64_t base, std::int64_t exponent) {
  if (exponent < 0) return base == 1 ? 1 : base == -1 ? (exponent % 2 ? -1 : 1) : 0;
  std::int64_t out = 1;
  for (; exponent != 0; exponent >>= 1, base = multiply(base, base))
    if (exponent & 1) out = multiply(out, base);
  return out;
}

// The result has the type of the base; base and exponent may differ in type.
Arrays pow(const Call& c) {
  const Array &a = c[0], b = align(c.node, c[0], c[1]);
  Array out(a.type, broadcast(a.shape, b.shape));
  const Indices from_a = broadcast_map(a.shape, out.shape);
  const Indices from_b = broadcast_map(b.shape, out.shape);
  for (std::size_t i = 0; i < from_a.size(); ++i) {
    if (a.is_integer() && b.is_integer())
      out.ints[i] = wrap(a.type, power(a.ints[from_a[i]], b.ints[from_b[i]]));
    else
      out.set_number(i, std::pow(a.number(from_a[i]), b.number(from_b[i])));
  }
  return {out};
}

// Folds all inputs from the left.
Array fold(const Call& c, const RealOp& real, const IntegerOp& integer) {
  Array out = c[0];
  for (std::size_t i = 1; i < c.count(); ++i) out = combine(out, c[i], real, integer);
  return out;
}

Arrays max(const Call& c) {
  const DataType type = c[0].type;
  return {fold(c, larger, [type](std::int64_t a, std::int64_t b) {
    return integer_less(type, a, b) ? b : a;
  })};
}

Arrays min(const Call& c) {
  const DataType type = c[0].type;
  return {fold(c, smaller, [type](std::int64_t a, std::int64_t b) {
    return integer_less(type, b, a) ? b : a;
  })};
}

double plus(double a, double b) { return a + b; }

Arrays mean(const Call& c) {
  const auto n = static_cast<double>(c.count());
  return {map_reals(fold(c, plus, add), [n](double v) { return v / n; })};
}

Arrays prelu(const Call& c) {
  return {combine(
      c, [](double x, double slope) { return x < 0 ? x * slope : x; },
      [](std::int64_t x, std::int64_t slope) { return x < 0 ? multiply(x, slope) : x; })};
}

}  // namespace

Array align(const Node& node, const Array& a, Array b) {
  if (!node.has("axis")) return b;
  const std::int64_t given = node.int_or("axis", 0);
  const std::int64_t axis = given < 0 ? given + a.rank() : given;
  while (axis + b.rank() < a.rank()) b.shape.push_back(1);
  return b;
}

Array combine(const Array& a, const Array& b, const RealOp& real, const IntegerOp& integer) {
  if (a.type != b.type) throw Error(ErrorCode::BadInput, "oracle: operands differ in type");
  Array out(a.type, broadcast(a.shape, b.shape));
  const Indices from_a = broadcast_map(a.shape, out.shape);
  const Indices from_b = broadcast_map(b.shape, out.shape);
  for (std::size_t i = 0; i < from_a.size(); ++i) {
    if (a.is_real()) out.reals[i] = real(a.reals[from_a[i]], b.reals[from_b[i]]);
    if (a.is_integer()) out.ints[i] = wrap(a.type, integer(a.ints[from_a[i]], b.ints[from_b[i]]));
  }
  return out;
}

Array combine(const Call& c, const RealOp& real, const IntegerOp& integer) {
  return combine(c[0], align(c.node, c[0], c[1]), real, integer);
}

void add_arithmetic(Table& table) {
  table["Add"] = [](const Call& c) -> Arrays { return {combine(c, plus, add)}; };
  table["Sub"] = [](const Call& c) -> Arrays {
    return {combine(
        c, [](double a, double b) { return a - b; }, subtract)};
  };
  table["Mul"] = [](const Call& c) -> Arrays {
    return {combine(
        c, [](double a, double b) { return a * b; }, multiply)};
  };
  table["Sum"] = [](const Call& c) -> Arrays { return {fold(c, plus, add)}; };
  table["Div"] = div;
  table["Mod"] = mod;
  table["Pow"] = pow;
  table["Max"] = max;
  table["Min"] = min;
  table["Mean"] = mean;
  table["PRelu"] = prelu;
}

}  // namespace keel::oracle
