// MaxPool, AveragePool, LpPool and the global ones.
#include <cmath>
#include <limits>

#include "tests/oracle/window.h"

namespace keel::oracle {
namespace {

// What one window meets: flat positions in the input plane (in row-major order of the taps) and
// the number of taps inside the padded extent.
struct Meeting {
  Indices positions;
  std::int64_t padded = 0;
};

Meeting meet(const Window& w, const Indices& in, std::int64_t position) {
  const std::int64_t o[3] = {position / w.out[2] / w.out[1], position / w.out[2] % w.out[1],
                             position % w.out[2]};
  Meeting out;
  for_each(w.kernel, [&](std::int64_t, const Indices& tap) {
    bool real = true, padded = true;
    std::int64_t flat = 0;
    for (int a = 0; a < 3; ++a) {
      const std::int64_t i = o[a] * w.strides[a] + tap[a] * w.dilations[a] - w.begin[a];
      real = real && i >= 0 && i < in[a];
      padded = padded && i < in[a] + w.end[a];
      flat = flat * in[a] + i;
    }
    if (real) out.positions.push_back(flat);
    out.padded += padded;
  });
  return out;
}

// Calls f(plane of the result, position in it, start of the input plane, what the window meets).
template <typename F>
Shape for_each_window(const Call& c, F f) {
  const Shape& x = c[0].shape;
  Window w = window(c, x, c.node.ints_or("kernel_shape", {}));
  Shape shape = {x[0], x[1]};
  shape.insert(shape.end(), w.out.begin(), w.out.end());
  w = in_3d(w);
  const Indices in = spatial_3d(x);
  const std::int64_t size = count(w.out), in_size = count(in);
  for (std::int64_t o = 0; o < size; ++o) {
    const Meeting meeting = meet(w, in, o);
    for (std::int64_t plane = 0; plane < x[0] * x[1]; ++plane)
      f(plane * size + o, plane * in_size, meeting);
  }
  return shape;
}

// A flat row-major position in [N, C, spatial...] counted with the first spatial axis fastest.
std::int64_t column_major(const Shape& shape, std::int64_t flat) {
  const std::int64_t plane = count(shape, 2, shape.size());
  std::int64_t rest = flat % plane, out = 0;
  std::int64_t size = 1;
  Indices index(shape.size() - 2);
  for (std::size_t a = index.size(); a-- > 0; rest /= shape[a + 2]) index[a] = rest % shape[a + 2];
  for (std::size_t a = 0; a < index.size(); size *= shape[a + 2], ++a) out += index[a] * size;
  return flat / plane * plane + out;
}

Arrays max_pool(const Call& c) {
  const Array& X = c[0];
  const bool columns = c.node.int_or("storage_order", 0) != 0;
  Indices winners;
  const Shape shape =
      for_each_window(c, [&](std::int64_t out, std::int64_t start, const Meeting& meeting) {
        std::int64_t winner = -1;
        for (const std::int64_t position : meeting.positions) {
          const std::int64_t i = start + position;
          const bool more = winner < 0 || (X.is_real() ? X.reals[i] > X.reals[winner]
                                                       : X.ints[i] > X.ints[winner]);
          if (more) winner = i;
        }
        if (static_cast<std::size_t>(out) >= winners.size()) winners.resize(out + 1);
        winners[out] = winner;
      });
  winners.resize(static_cast<std::size_t>(count(shape)));
  // A window that meets nothing but padding.
  const Array lowest = scalar(X.type, -std::numeric_limits<double>::infinity());
  Array indices(DataType::Int64, shape);
  for (std::size_t i = 0; i < winners.size(); ++i)
    indices.ints[i] = columns && winners[i] >= 0 ? column_major(X.shape, winners[i]) : winners[i];
  return {pick(X, shape, winners, &lowest), indices};
}

// Reduces every window of a float input by f(values met, taps inside the padded extent).
Arrays reduce_windows(const Call& c,
                      const std::function<double(const std::vector<double>&, std::int64_t)>& f) {
  if (!c[0].is_real()) c.unsupported("a float tensor is wanted");
  std::vector<double> result;
  std::vector<double> values;
  const Shape shape =
      for_each_window(c, [&](std::int64_t out, std::int64_t start, const Meeting& meeting) {
        values.clear();
        for (const std::int64_t position : meeting.positions)
          values.push_back(c[0].reals[start + position]);
        if (static_cast<std::size_t>(out) >= result.size()) result.resize(out + 1);
        result[out] = f(values, meeting.padded);
      });
  Array out(c[0].type, shape);
  out.reals = result;
  out.reals.resize(static_cast<std::size_t>(count(shape)));
  return {out};
}

Arrays average_pool(const Call& c) {
  const bool include_pad = c.node.int_or("count_include_pad", 0) != 0;
  return reduce_windows(c, [=](const std::vector<double>& values, std::int64_t padded) {
    double sum = 0;
    for (const double v : values) sum += v;
    return sum / static_cast<double>(include_pad ? padded : values.size());
  });
}

double norm(const std::vector<double>& values, double p) {
  double sum = 0;
  for (const double v : values) sum += std::pow(std::fabs(v), p);
  return std::pow(sum, 1 / p);
}

Arrays lp_pool(const Call& c) {
  const auto p = static_cast<double>(c.node.int_or("p", 2));
  return reduce_windows(
      c, [p](const std::vector<double>& values, std::int64_t) { return norm(values, p); });
}

// Every plane [N, C] reduced to one element.
Arrays global(const Call& c, const std::function<double(const std::vector<double>&)>& f) {
  const Array& X = c[0];
  if (X.rank() < 3) c.bad("an input [N, C, spatial...] is wanted");
  Shape shape(X.shape.size(), 1);
  shape[0] = X.shape[0];
  shape[1] = X.shape[1];
  Array out(X.type, shape);
  const std::int64_t plane = count(X.shape, 2, X.shape.size());
  for (std::int64_t i = 0; i < out.size(); ++i) {
    const auto begin = X.reals.begin() + i * plane;
    out.reals[i] = f({begin, begin + plane});
  }
  return {out};
}

double mean(const std::vector<double>& values) {
  double sum = 0;
  for (const double v : values) sum += v;
  return sum / static_cast<double>(values.size());
}

double maximum(const std::vector<double>& values) {
  double out = -std::numeric_limits<double>::infinity();
  for (const double v : values) out = larger(v, out);
  return out;
}

}  // namespace

void add_pooling(Table& table) {
  table["MaxPool"] = max_pool;
  table["AveragePool"] = average_pool;
  table["LpPool"] = lp_pool;
  table["GlobalAveragePool"] = [](const Call& c) { return global(c, mean); };
  table["GlobalMaxPool"] = [](const Call& c) { return global(c, maximum); };
  table["GlobalLpPool"] = [](const Call& c) {
    const auto p = static_cast<double>(c.node.int_or("p", 2));
    return global(c, [p](const std::vector<double>& values) { return norm(values, p); });
  };
}

}  // namespace keel::oracle
