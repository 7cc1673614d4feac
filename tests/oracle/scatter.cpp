// ScatterElements, ScatterND.
#include "tests/oracle/index.h"

namespace keel::oracle {
namespace {

// out[at] = reduction(out[at], updates[from])
void update(const Call& c, Array& out, std::int64_t at, const Array& updates, std::int64_t from) {
  const std::string reduction = c.node.string_or("reduction", "none");
  if (out.is_text()) {
    out.texts[at] = updates.texts[from];
  } else if (out.is_real()) {
    double& v = out.reals[at];
    const double u = updates.reals[from];
    v = reduction == "add"   ? v + u
        : reduction == "mul" ? v * u
        : reduction == "min" ? smaller(v, u)
        : reduction == "max" ? larger(v, u)
                             : u;
  } else {
    std::int64_t& v = out.ints[at];
    const std::int64_t u = updates.ints[from];
    const bool less = integer_less(out.type, u, v);
    v = wrap(out.type, reduction == "add"   ? v + u
                       : reduction == "mul" ? v * u
                       : reduction == "min" ? (less ? u : v)
                       : reduction == "max" ? (less ? v : u)
                                            : u);
  }
}

Arrays scatter_elements(const Call& c) {
  Array out = c[0];
  const Array &indices = c[1], &updates = c[2];
  const std::int64_t axis = c.axis(c.node.int_or("axis", 0), out.rank());
  const Indices step = strides(out.shape);
  for_each(indices.shape, [&](std::int64_t flat, const Indices& index) {
    std::int64_t at = wrapped_index(c, indices.ints[flat], out.shape[axis]) * step[axis];
    for (std::int64_t i = 0; i < out.rank(); ++i)
      if (i != axis) at += index[i] * step[i];
    update(c, out, at, updates, flat);
  });
  return {out};
}

Arrays scatter_nd(const Call& c) {
  Array out = c[0];
  const Array &indices = c[1], &updates = c[2];
  const std::int64_t inner = count(out.shape, indices.shape.back(), out.shape.size());
  std::int64_t from = 0;
  for (const std::int64_t start : nd_starts(c, out, indices, 0))
    for (std::int64_t i = 0; i < inner; ++i) update(c, out, start + i, updates, from++);
  return {out};
}

}  // namespace

void add_scatter(Table& table) {
  table["ScatterElements"] = scatter_elements;
  table["Scatter"] = scatter_elements;
  table["ScatterND"] = scatter_nd;
}

}  // namespace keel::oracle
