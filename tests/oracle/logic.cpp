// Comparisons, boolean and bitwise logic, Where.
#include "tests/oracle/broadcasting.h"

namespace keel::oracle {
namespace {

// less(a, b) and equal(a, b) decide the result.
using Decide = bool (*)(bool less, bool equal, bool greater);

Arrays compare(const Call& c, Decide decide) {
  const Array &a = c[0], b = align(c.node, c[0], c[1]);
  if (a.type != b.type) c.bad("operands differ in type");
  Array out(DataType::Bool, broadcast(a.shape, b.shape));
  const Indices from_a = broadcast_map(a.shape, out.shape);
  const Indices from_b = broadcast_map(b.shape, out.shape);
  for (std::size_t i = 0; i < from_a.size(); ++i) {
    const std::int64_t ia = from_a[i], ib = from_b[i];
    if (a.is_real()) {
      const double x = a.reals[ia], y = b.reals[ib];
      out.ints[i] = decide(x<y, x == y, x> y);
    } else if (a.is_integer()) {
      const std::int64_t x = a.ints[ia], y = b.ints[ib];
      out.ints[i] = decide(integer_less(a.type, x, y), x == y, integer_less(a.type, y, x));
    } else {
      out.ints[i] =
          decide(a.texts[ia]<b.texts[ib], a.texts[ia] == b.texts[ib], a.texts[ia]> b.texts[ib]);
    }
  }
  return {out};
}

Arrays integers(const Call& c, const IntegerOp& op) {
  if (!c[0].is_integer()) c.unsupported("integers are wanted");
  return {combine(
      c, [](double, double) { return 0.0; }, op)};
}

std::int64_t bit_width(DataType type) {
  switch (type) {
    case DataType::Int8:
    case DataType::Uint8:
      return 8;
    case DataType::Int16:
    case DataType::Uint16:
      return 16;
    case DataType::Int32:
    case DataType::Uint32:
      return 32;
    default:
      return 64;
  }
}

// A shift by the width or more leaves what sign extension gives: 0, or -1 for negative >> n.
Arrays bit_shift(const Call& c) {
  const bool left = c.node.string_or("direction", "") == "LEFT";
  const DataType type = c[0].type;
  return integers(c, [=](std::int64_t a, std::int64_t n) -> std::int64_t {
    const bool beyond = n < 0 || n >= bit_width(type);
    if (left) return beyond ? 0 : static_cast<std::int64_t>(static_cast<std::uint64_t>(a) << n);
    if (type == DataType::Uint64)
      return beyond ? 0 : static_cast<std::int64_t>(static_cast<std::uint64_t>(a) >> n);
    return beyond ? (a < 0 ? -1 : 0) : a >> n;
  });
}

Arrays logical_not(const Call& c) {
  Array out = c[0];
  for (std::int64_t& v : out.ints) v = !v;
  return {out};
}

Arrays bitwise_not(const Call& c) {
  Array out = c[0];
  for (std::int64_t& v : out.ints) v = wrap(out.type, ~v);
  return {out};
}

Arrays where(const Call& c) {
  const Shape shape = broadcast(broadcast(c[0].shape, c[1].shape), c[2].shape);
  const Indices condition = broadcast_map(c[0].shape, shape);
  const Array yes = pick(c[1], shape, broadcast_map(c[1].shape, shape));
  Array out = pick(c[2], shape, broadcast_map(c[2].shape, shape));
  for (std::size_t i = 0; i < condition.size(); ++i) {
    if (!c[0].ints[condition[i]]) continue;
    if (out.is_real()) out.reals[i] = yes.reals[i];
    if (out.is_integer()) out.ints[i] = yes.ints[i];
    if (out.is_text()) out.texts[i] = yes.texts[i];
  }
  return {out};
}

}  // namespace

void add_logic(Table& table) {
  const std::map<std::string, Decide> comparisons = {
      {"Equal", [](bool, bool equal, bool) { return equal; }},
      {"Less", [](bool less, bool, bool) { return less; }},
      {"LessOrEqual", [](bool less, bool equal, bool) { return less || equal; }},
      {"Greater", [](bool, bool, bool greater) { return greater; }},
      {"GreaterOrEqual", [](bool, bool equal, bool greater) { return greater || equal; }},
  };
  for (const auto& [name, decide] : comparisons)
    table[name] = [decide = decide](const Call& c) { return compare(c, decide); };
  const IntegerOp both = [](std::int64_t a, std::int64_t b) { return a & b; };
  const IntegerOp either = [](std::int64_t a, std::int64_t b) { return a | b; };
  const IntegerOp differ = [](std::int64_t a, std::int64_t b) { return a ^ b; };
  const std::map<std::string, IntegerOp> logic = {{"And", both},         {"Or", either},
                                                  {"Xor", differ},       {"BitwiseAnd", both},
                                                  {"BitwiseOr", either}, {"BitwiseXor", differ}};
  for (const auto& [name, op] : logic)
    table[name] = [op = op](const Call& c) { return integers(c, op); };
  table["BitShift"] = bit_shift;
  table["Not"] = logical_not;
  table["BitwiseNot"] = bitwise_not;
  table["Where"] = where;
}

}  // namespace keel::oracle
