// Softmax, LogSoftmax, Hardmax.
#include <cmath>
#include <limits>

#include "tests/oracle/call.h"

namespace keel::oracle {
namespace {

// Calls row(values) for every vector along the axis; before opset 13 (`flatten`) the vector is all
// that follows the axis.
Arrays along_axis(const Call& c, void (*row)(std::vector<double>&)) {
  Array out = c[0];
  if (!out.is_real()) c.unsupported("a float tensor is wanted");
  const bool flatten = c.node.int_or("flatten", 0) != 0;
  const std::int64_t given = c.node.int_or("axis", -1);
  Shape shape = out.shape.empty() ? Shape{1} : out.shape;
  const auto rank = static_cast<std::int64_t>(shape.size());
  std::int64_t axis = flatten && given == rank ? rank : c.axis(given, rank);
  if (flatten) {
    shape = {count(shape, 0, axis), count(shape, axis, shape.size())};
    axis = 1;
  }
  const AxisView view(shape, axis);
  std::vector<double> values(static_cast<std::size_t>(view.n));
  for (std::int64_t o = 0; o < view.outer; ++o)
    for (std::int64_t in = 0; in < view.inner && view.n > 0; ++in) {
      for (std::int64_t i = 0; i < view.n; ++i) values[i] = out.reals[view.at(o, i, in)];
      row(values);
      for (std::int64_t i = 0; i < view.n; ++i) out.reals[view.at(o, i, in)] = values[i];
    }
  return {out};
}

double maximum(const std::vector<double>& values) {
  double out = -std::numeric_limits<double>::infinity();
  for (const double v : values) out = larger(v, out);
  return out;
}

void softmax(std::vector<double>& values) {
  const double most = maximum(values);
  double sum = 0;
  for (double& v : values) sum += v = std::exp(v - most);
  for (double& v : values) v /= sum;
}

void log_softmax(std::vector<double>& values) {
  const double most = maximum(values);
  double sum = 0;
  for (const double v : values) sum += std::exp(v - most);
  for (double& v : values) v = v - most - std::log(sum);
}

// 1 at the first maximum.
void hardmax(std::vector<double>& values) {
  std::size_t best = 0;
  for (std::size_t i = 1; i < values.size(); ++i)
    if (values[i] > values[best]) best = i;
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = i == best;
}

}  // namespace

void add_softmax(Table& table) {
  table["Softmax"] = [](const Call& c) { return along_axis(c, softmax); };
  table["LogSoftmax"] = [](const Call& c) { return along_axis(c, log_softmax); };
  table["Hardmax"] = [](const Call& c) { return along_axis(c, hardmax); };
}

}  // namespace keel::oracle
