// Operators that move elements by a fixed rule: each computes where every output element comes
// from.
#include <algorithm>
#include <limits>
#include <numeric>

#include "tests/oracle/call.h"

namespace keel::oracle {
namespace {

using Map = std::function<std::int64_t(const Indices&)>;

Array moved(const Array& x, const Shape& shape, const Map& from, const Array* fill = nullptr) {
  Indices map(static_cast<std::size_t>(count(shape)));
  for_each(shape, [&](std::int64_t flat, const Indices& index) { map[flat] = from(index); });
  return pick(x, shape, map, fill);
}

Array transposed(const Array& x, const Indices& perm) {
  const Indices step = strides(x.shape);
  Shape shape;
  for (const std::int64_t axis : perm) shape.push_back(x.shape[axis]);
  return moved(x, shape, [&](const Indices& index) {
    std::int64_t at = 0;
    for (std::size_t i = 0; i < perm.size(); ++i) at += index[i] * step[perm[i]];
    return at;
  });
}

Arrays transpose(const Call& c) {
  Indices reversed(c[0].shape.size());
  for (std::size_t i = 0; i < reversed.size(); ++i) reversed[i] = c[0].rank() - 1 - i;
  return {transposed(c[0], c.node.ints_or("perm", reversed))};
}

// The part [begin, begin + n) of an axis.
Array part(const Array& x, std::int64_t axis, std::int64_t begin, std::int64_t n) {
  const Indices step = strides(x.shape);
  Shape shape = x.shape;
  shape[axis] = n;
  return moved(x, shape, [&](const Indices& index) {
    return std::inner_product(index.begin(), index.end(), step.begin(), begin * step[axis]);
  });
}

Arrays concat(const Call& c) {
  const std::int64_t axis = c.axis(c.node.int_or("axis", 1), c[0].rank());
  Array all(c[0].type, {0});
  Indices starts, lengths;
  for (const Array* x : c.inputs) {
    starts.push_back(all.size());
    lengths.push_back(x->shape[axis]);
    all.reals.insert(all.reals.end(), x->reals.begin(), x->reals.end());
    all.ints.insert(all.ints.end(), x->ints.begin(), x->ints.end());
    all.texts.insert(all.texts.end(), x->texts.begin(), x->texts.end());
    all.shape[0] += x->size();
  }
  Shape shape = c[0].shape;
  shape[axis] = std::accumulate(lengths.begin(), lengths.end(), std::int64_t{0});
  return {moved(all, shape, [&](const Indices& index) {
    Indices local = index;
    std::size_t which = 0;
    while (local[axis] >= lengths[which]) local[axis] -= lengths[which++];
    const Indices step = strides(c[which].shape);
    return std::inner_product(local.begin(), local.end(), step.begin(), starts[which]);
  })};
}

Arrays split(const Call& c) {
  const Array& x = c[0];
  const std::int64_t axis = c.axis(c.node.int_or("axis", 0), x.rank());
  const auto parts = static_cast<std::int64_t>(c.node.outputs.size());
  Indices sizes;
  if (c.has(1)) {
    sizes = c[1].ints;
  } else {
    const std::int64_t each = (x.shape[axis] + parts - 1) / parts;
    for (std::int64_t i = 0, left = x.shape[axis]; i < parts; ++i, left -= sizes.back())
      sizes.push_back(std::min(each, left));
  }
  Arrays out;
  std::int64_t begin = 0;
  for (const std::int64_t n : sizes) {
    out.push_back(part(x, axis, begin, n));
    begin += n;
  }
  if (begin != x.shape[axis]) c.bad("the parts do not add up to the axis");
  return out;
}

Arrays slice(const Call& c) {
  const Array& x = c[0];
  Indices first(x.shape.size(), 0), step(x.shape.size(), 1);
  Shape shape = x.shape;
  for (std::int64_t i = 0; i < c[1].size(); ++i) {
    const std::int64_t axis = c.axis(c.has(3) ? c[3].ints[i] : i, x.rank());
    const std::int64_t n = x.shape[axis], s = c.has(4) ? c[4].ints[i] : 1;
    if (s == 0) c.bad("a step of 0");
    const auto bound = [n](std::int64_t v, std::int64_t low, std::int64_t high) {
      return std::clamp(v < 0 ? v + n : v, low, high);
    };
    const std::int64_t begin = bound(c[1].ints[i], 0, s > 0 ? n : n - 1);
    const std::int64_t end = bound(c[2].ints[i], s > 0 ? 0 : -1, s > 0 ? n : n - 1);
    const std::int64_t span = s > 0 ? end - begin : begin - end;
    // |s| may be huge (even -2^63), where one element at most is left.
    const std::int64_t stride = s == std::numeric_limits<std::int64_t>::min() ? -(s + 1)
                                : s < 0                                       ? -s
                                                                              : s;
    shape[axis] = span <= 0 ? 0 : (span - 1) / stride + 1;
    first[axis] = begin;
    step[axis] = s;
  }
  const Indices in = strides(x.shape);
  return {moved(x, shape, [&](const Indices& index) {
    std::int64_t at = 0;
    for (std::size_t i = 0; i < index.size(); ++i)
      at += (first[i] + (index[i] == 0 ? 0 : index[i] * step[i])) * in[i];
    return at;
  })};
}

// The position in [0, n) that padding mode puts at i, or -1.
std::int64_t padded_position(std::int64_t i, std::int64_t n, const std::string& mode) {
  if (i >= 0 && i < n) return i;
  if (mode == "edge") return std::clamp<std::int64_t>(i, 0, n - 1);
  if (mode == "wrap") return (i % n + n) % n;
  if (mode != "reflect") return -1;
  if (n == 1) return 0;
  const std::int64_t period = 2 * (n - 1), at = (i % period + period) % period;
  return at < n ? at : period - at;
}

Arrays pad(const Call& c) {
  const Array& x = c[0];
  Indices begin(x.shape.size(), 0);
  Shape shape = x.shape;
  const std::int64_t axes = c[1].size() / 2;
  for (std::int64_t i = 0; i < axes; ++i) {
    const std::int64_t axis = c.axis(c.has(3) ? c[3].ints[i] : i, x.rank());
    begin[axis] = c[1].ints[i];
    shape[axis] += c[1].ints[i] + c[1].ints[i + axes];
  }
  const std::string mode = c.node.string_or("mode", "constant");
  const Indices step = strides(x.shape);
  return {moved(
      x, shape,
      [&](const Indices& index) {
        std::int64_t at = 0;
        for (std::size_t i = 0; i < index.size(); ++i) {
          const std::int64_t p = padded_position(index[i] - begin[i], x.shape[i], mode);
          if (p < 0) return std::int64_t{-1};
          at += p * step[i];
        }
        return at;
      },
      c.has(2) ? &c[2] : nullptr)};
}

Arrays expand(const Call& c) {
  const Shape shape = broadcast(c[0].shape, c[1].ints);
  return {pick(c[0], shape, broadcast_map(c[0].shape, shape))};
}

Arrays tile(const Call& c) {
  const Array& x = c[0];
  Shape shape = x.shape;
  for (std::size_t i = 0; i < shape.size(); ++i) shape[i] *= c[1].ints[i];
  const Indices step = strides(x.shape);
  return {moved(x, shape, [&](const Indices& index) {
    std::int64_t at = 0;
    for (std::size_t i = 0; i < index.size(); ++i) at += index[i] % x.shape[i] * step[i];
    return at;
  })};
}

Arrays depth_to_space(const Call& c) {
  const std::int64_t b = c.node.int_or("blocksize", 1);
  const Shape& x = c[0].shape;
  const std::int64_t C = x[1] / (b * b);
  const bool dcr = c.node.string_or("mode", "DCR") == "DCR";
  const Array split =
      reshaped(c[0], dcr ? Shape{x[0], b, b, C, x[2], x[3]} : Shape{x[0], C, b, b, x[2], x[3]});
  const Array mixed =
      transposed(split, dcr ? Indices{0, 3, 4, 1, 5, 2} : Indices{0, 1, 4, 2, 5, 3});
  return {reshaped(mixed, {x[0], C, x[2] * b, x[3] * b})};
}

Arrays space_to_depth(const Call& c) {
  const std::int64_t b = c.node.int_or("blocksize", 1);
  const Shape& x = c[0].shape;
  const Array split = reshaped(c[0], {x[0], x[1], x[2] / b, b, x[3] / b, b});
  return {
      reshaped(transposed(split, {0, 3, 5, 1, 2, 4}), {x[0], x[1] * b * b, x[2] / b, x[3] / b})};
}

Arrays trilu(const Call& c) {
  const std::int64_t k = c.has(1) ? c[1].ints[0] : 0, rank = c[0].rank();
  const bool upper = c.node.int_or("upper", 1) != 0;
  const Indices step = strides(c[0].shape);
  return {moved(c[0], c[0].shape, [&](const Indices& index) {
    const std::int64_t ahead = index[rank - 1] - index[rank - 2];
    if (upper ? ahead < k : ahead > k) return std::int64_t{-1};
    return std::inner_product(index.begin(), index.end(), step.begin(), std::int64_t{0});
  })};
}

}  // namespace

void add_movement(Table& table) {
  table["Transpose"] = transpose;
  table["Concat"] = concat;
  table["Split"] = split;
  table["Slice"] = slice;
  table["Pad"] = pad;
  table["Expand"] = expand;
  table["Tile"] = tile;
  table["DepthToSpace"] = depth_to_space;
  table["SpaceToDepth"] = space_to_depth;
  table["Trilu"] = trilu;
}

}  // namespace keel::oracle
