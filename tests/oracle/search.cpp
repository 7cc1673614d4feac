// Operators that rank elements: ArgMax, ArgMin, TopK, CumSum, NonMaxSuppression.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "tests/oracle/call.h"

namespace keel::oracle {
namespace {

bool before(const Array& x, std::int64_t a, std::int64_t b) {
  return x.is_real() ? x.reals[a] < x.reals[b] : integer_less(x.type, x.ints[a], x.ints[b]);
}

Arrays arg_best(const Call& c, bool largest) {
  const Array& x = c[0];
  const std::int64_t axis = c.axis(c.node.int_or("axis", 0), x.rank());
  const bool last = c.node.int_or("select_last_index", 0) != 0;
  const AxisView view(x.shape, axis);
  Shape shape = x.shape;
  if (c.node.int_or("keepdims", 1))
    shape[axis] = 1;
  else
    shape.erase(shape.begin() + axis);
  if (view.n == 0) c.bad("no elements to choose from");
  Array out(DataType::Int64, shape);
  for (std::int64_t o = 0; o < view.outer; ++o)
    for (std::int64_t in = 0; in < view.inner; ++in) {
      std::int64_t best = 0;
      for (std::int64_t i = 1; i < view.n; ++i) {
        const std::int64_t a = view.at(o, i, in), b = view.at(o, best, in);
        const bool better = largest ? before(x, b, a) : before(x, a, b);
        const bool equal = !before(x, a, b) && !before(x, b, a);
        if (better || (equal && last)) best = i;
      }
      out.ints[o * view.inner + in] = best;
    }
  return {out};
}

// Equal elements: the lower index first.
Arrays top_k(const Call& c) {
  const Array& x = c[0];
  const std::int64_t k = c[1].ints[0], axis = c.axis(c.node.int_or("axis", -1), x.rank());
  const bool largest = c.node.int_or("largest", 1) != 0;
  const AxisView view(x.shape, axis);
  if (k < 0 || k > view.n) c.bad("k is beyond the axis");
  Shape shape = x.shape;
  shape[axis] = k;
  Array positions(DataType::Int64, shape);
  Indices from(static_cast<std::size_t>(count(shape)));
  Indices order(static_cast<std::size_t>(view.n));
  for (std::int64_t o = 0; o < view.outer; ++o)
    for (std::int64_t in = 0; in < view.inner; ++in) {
      std::iota(order.begin(), order.end(), 0);
      std::stable_sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) {
        const std::int64_t at = view.at(o, a, in), bt = view.at(o, b, in);
        return largest ? before(x, bt, at) : before(x, at, bt);
      });
      for (std::int64_t i = 0; i < k; ++i) {
        const std::int64_t at = (o * k + i) * view.inner + in;
        positions.ints[at] = order[i];
        from[at] = view.at(o, order[i], in);
      }
    }
  return {pick(x, shape, from), positions};
}

Arrays cumulative(const Call& c, bool product) {
  const Array& x = c[0];
  const AxisView view(x.shape, c.axis(c[1].ints[0], x.rank()));
  const bool exclusive = c.node.int_or("exclusive", 0) != 0;
  const bool reverse = c.node.int_or("reverse", 0) != 0;
  Array out = x;
  for (std::int64_t o = 0; o < view.outer; ++o)
    for (std::int64_t in = 0; in < view.inner; ++in) {
      double real = product;
      std::uint64_t integer = product;
      for (std::int64_t j = 0; j < view.n; ++j) {
        const std::int64_t at = view.at(o, reverse ? view.n - 1 - j : j, in);
        const double old_real = real;
        const std::uint64_t old_integer = integer;
        if (x.is_real()) {
          real = product ? real * x.reals[at] : real + x.reals[at];
          out.reals[at] = exclusive ? old_real : real;
        } else {
          const auto v = static_cast<std::uint64_t>(x.ints[at]);
          integer = product ? integer * v : integer + v;
          out.ints[at] = wrap(x.type, static_cast<std::int64_t>(exclusive ? old_integer : integer));
        }
      }
    }
  return {out};
}

struct Box {
  double y1, x1, y2, x2;
};

Box box_at(const Array& boxes, std::int64_t at, bool centred) {
  const double* b = boxes.reals.data() + at * 4;
  if (centred)  // x, y of the centre, width, height
    return {b[1] - b[3] / 2, b[0] - b[2] / 2, b[1] + b[3] / 2, b[0] + b[2] / 2};
  return {std::min(b[0], b[2]), std::min(b[1], b[3]), std::max(b[0], b[2]), std::max(b[1], b[3])};
}

// Intersection over union.
double overlap(const Box& a, const Box& b) {
  const double h = std::min(a.y2, b.y2) - std::max(a.y1, b.y1);
  const double w = std::min(a.x2, b.x2) - std::max(a.x1, b.x1);
  if (h <= 0 || w <= 0) return 0;
  const double areas = (a.y2 - a.y1) * (a.x2 - a.x1) + (b.y2 - b.y1) * (b.x2 - b.x1);
  return h * w / (areas - h * w);
}

// boxes [batch, n, 4], scores [batch, classes, n] -> rows [batch, class, box].
Arrays non_max_suppression(const Call& c) {
  const Array &boxes = c[0], &scores = c[1];
  const std::int64_t most = c.has(2) ? c[2].ints[0] : 0;
  const double iou = c.has(3) ? c[3].reals[0] : 0;
  const double lowest = c.has(4) ? c[4].reals[0] : -HUGE_VAL;
  const bool centred = c.node.int_or("center_point_box", 0) != 0;
  const std::int64_t classes = scores.shape[1], n = scores.shape[2];
  Array out(DataType::Int64, {0, 3});
  for (std::int64_t bc = 0; bc < scores.shape[0] * classes; ++bc) {
    const std::int64_t batch = bc / classes;
    Indices order, kept;
    for (std::int64_t i = 0; i < n; ++i)
      if (scores.reals[bc * n + i] > lowest) order.push_back(i);
    std::stable_sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) {
      return scores.reals[bc * n + a] > scores.reals[bc * n + b];
    });
    for (const std::int64_t i : order) {
      if (static_cast<std::int64_t>(kept.size()) >= most) break;
      const Box box = box_at(boxes, batch * n + i, centred);
      const bool free = std::none_of(kept.begin(), kept.end(), [&](std::int64_t k) {
        return overlap(box, box_at(boxes, batch * n + k, centred)) > iou;
      });
      if (free) kept.push_back(i);
    }
    for (const std::int64_t i : kept) {
      for (const std::int64_t v : {batch, bc % classes, i}) out.ints.push_back(v);
      ++out.shape[0];
    }
  }
  return {out};
}

}  // namespace

void add_searches(Table& table) {
  table["ArgMax"] = [](const Call& c) { return arg_best(c, true); };
  table["ArgMin"] = [](const Call& c) { return arg_best(c, false); };
  table["TopK"] = top_k;
  table["CumSum"] = [](const Call& c) { return cumulative(c, false); };
  table["CumProd"] = [](const Call& c) { return cumulative(c, true); };
  table["NonMaxSuppression"] = non_max_suppression;
}

}  // namespace keel::oracle
