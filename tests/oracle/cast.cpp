// Cast and CastLike.
#include <charconv>
#include <cmath>
#include <cstdlib>

#include "runtime/error.h"
#include "tests/oracle/call.h"
#include "tests/oracle/number_format.h"

namespace keel::oracle {
namespace {

// The shortest decimal that reads back as the same value of the type.
std::string text_of(const Array& x, std::int64_t i) {
  if (x.type == DataType::Uint64) return str(static_cast<std::uint64_t>(x.ints[i]));
  if (x.is_integer()) return str(x.ints[i]);
  const double value = x.reals[i];
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value < 0 ? "-INF" : "INF";
  char buffer[64];
  const auto end = x.type == DataType::Double
                       ? std::to_chars(buffer, buffer + sizeof buffer, value)
                       : std::to_chars(buffer, buffer + sizeof buffer, static_cast<float>(value));
  return std::string(buffer, end.ptr);
}

void set_from_text(Array& out, std::int64_t i, const std::string& text) {
  if (out.is_real())
    out.reals[i] = round_to(out.type, std::strtod(text.c_str(), nullptr));
  else if (out.type == DataType::Uint64)
    out.ints[i] = static_cast<std::int64_t>(std::strtoull(text.c_str(), nullptr, 10));
  else
    out.ints[i] = wrap(out.type, std::strtoll(text.c_str(), nullptr, 10));
}

Arrays cast(const Call& c, DataType to) {
  const Array& x = c[0];
  if (x.type == to) return {x};
  const bool saturate = c.node.int_or("saturate", 1) != 0;
  Array out(to, x.shape);
  for (std::int64_t i = 0; i < x.size(); ++i) {
    if (out.is_text())
      out.texts[i] = x.is_text() ? x.texts[i] : text_of(x, i);
    else if (x.is_text())
      set_from_text(out, i, x.texts[i]);
    else if (out.is_real())
      out.reals[i] = round_to(to, x.number(i), saturate);
    else if (x.is_integer())
      out.ints[i] = wrap(to, x.ints[i]);
    else
      out.set_number(i, x.reals[i]);
  }
  return {out};
}

}  // namespace

void add_casts(Table& table) {
  table["Cast"] = [](const Call& c) {
    return cast(c, static_cast<DataType>(c.node.int_or("to", 0)));
  };
  table["CastLike"] = [](const Call& c) { return cast(c, c[1].type); };
}

}  // namespace keel::oracle
