// BatchNormalization and its relatives.
#include <algorithm>
#include <cmath>

#include "tests/oracle/call.h"

namespace keel::oracle {
namespace {

struct Moments {
  double mean, variance;  // of the population
};

Moments moments(const Array& x, const Indices& positions) {
  const auto n = static_cast<double>(positions.size());
  double sum = 0, squares = 0;
  for (const std::int64_t i : positions) sum += x.reals[i];
  for (const std::int64_t i : positions) squares += (x.reals[i] - sum / n) * (x.reals[i] - sum / n);
  return {sum / n, squares / n};
}

// Sorts flat positions into groups: group_of(flat) in [0, groups).
template <typename F>
std::vector<Indices> grouped(const Array& x, std::int64_t groups, F group_of) {
  std::vector<Indices> out(static_cast<std::size_t>(groups));
  for (std::int64_t i = 0; i < x.size(); ++i) out[group_of(i)].push_back(i);
  return out;
}

// Y = (X - mean) / sqrt(variance + epsilon) * scale + B. `spatial` = 0: statistics per feature, not
// per channel. In training, mean and variance are those of the batch.
Arrays batch_normalization(const Call& c) {
  const Array &X = c[0], &scale = c[1], &B = c[2];
  const double epsilon = c.node.float_or("epsilon", 1e-5f);
  const double momentum = c.node.float_or("momentum", 0.9f);
  const bool training = c.node.int_or("training_mode", 0) != 0;
  const bool per_feature = c.node.int_or("spatial", 1) == 0;
  const std::int64_t features = scale.size();
  const std::int64_t inner = per_feature || X.rank() < 2 ? 1 : count(X.shape, 2, X.shape.size());
  const auto feature = [&](std::int64_t i) { return i / inner % features; };
  Array Y = X, mean = c[3], variance = c[4], running_mean = c[3], running_variance = c[4];
  if (training) {
    const std::vector<Indices> positions = grouped(X, features, feature);
    for (std::int64_t f = 0; f < features; ++f) {
      const Moments m = moments(X, positions[f]);
      mean.reals[f] = m.mean;
      variance.reals[f] = m.variance;
      running_mean.reals[f] = c[3].reals[f] * momentum + m.mean * (1 - momentum);
      running_variance.reals[f] = c[4].reals[f] * momentum + m.variance * (1 - momentum);
    }
  }
  for (std::int64_t i = 0; i < X.size(); ++i) {
    const std::int64_t f = feature(i);
    Y.reals[i] =
        (X.reals[i] - mean.reals[f]) / std::sqrt(variance.reals[f] + epsilon) * scale.reals[f] +
        B.reals[f];
  }
  return {Y, running_mean, running_variance, mean, variance};
}

// Normalises each group of positions to mean 0 and variance 1.
void standardize(Array& x, const std::vector<Indices>& groups, double epsilon) {
  for (const Indices& positions : groups) {
    const Moments m = moments(x, positions);
    for (const std::int64_t i : positions)
      x.reals[i] = (x.reals[i] - m.mean) / std::sqrt(m.variance + epsilon);
  }
}

Arrays instance_normalization(const Call& c) {
  Array out = c[0];
  const std::int64_t C = out.shape[1], inner = count(out.shape, 2, out.shape.size());
  const auto plane = [=](std::int64_t i) { return i / inner; };
  standardize(out, grouped(out, out.shape[0] * C, plane), c.node.float_or("epsilon", 1e-5f));
  for (std::int64_t i = 0; i < out.size(); ++i)
    out.reals[i] = out.reals[i] * c[1].reals[i / inner % C] + c[2].reals[i / inner % C];
  return {out};
}

// Scale and bias per channel, or per group before opset 21 (`per_group`).
Arrays group_normalization(const Call& c) {
  Array out = c[0];
  const std::int64_t C = out.shape[1], inner = count(out.shape, 2, out.shape.size());
  const std::int64_t groups = c.node.int_or("num_groups", 1), width = C / groups;
  const bool per_group = c.node.int_or("per_group", 0) != 0;
  const auto group = [=](std::int64_t i) { return i / inner / width; };
  standardize(out, grouped(out, out.shape[0] * groups, group), c.node.float_or("epsilon", 1e-5f));
  for (std::int64_t i = 0; i < out.size(); ++i) {
    const std::int64_t channel = i / inner % C, at = per_group ? channel / width : channel;
    out.reals[i] = out.reals[i] * c[1].reals[at] + c[2].reals[at];
  }
  return {out};
}

// Over all axes from `axis` on. Outputs Y, Mean, InvStdDev.
Arrays layer_normalization(const Call& c) {
  const Array& X = c[0];
  const std::int64_t axis = c.axis(c.node.int_or("axis", -1), X.rank());
  const double epsilon = c.node.float_or("epsilon", 1e-5f);
  const std::int64_t n = count(X.shape, axis, X.shape.size()), rows = count(X.shape, 0, axis);
  Shape reduced = X.shape;
  std::fill(reduced.begin() + axis, reduced.end(), 1);
  const DataType stash = static_cast<DataType>(c.node.int_or("stash_type", 1));
  Array Y = X, mean(stash, reduced), inverse(stash, reduced);
  const Shape row(X.shape.begin() + axis, X.shape.end());
  const Indices scale = broadcast_map(c[1].shape, row);
  const Indices bias = c.has(2) ? broadcast_map(c[2].shape, row) : Indices();
  const std::vector<Indices> positions = grouped(X, rows, [n](std::int64_t i) { return i / n; });
  for (std::int64_t r = 0; r < rows; ++r) {
    const Moments m = moments(X, positions[r]);
    mean.reals[r] = m.mean;
    inverse.reals[r] = 1 / std::sqrt(m.variance + epsilon);
    for (std::int64_t i = 0; i < n; ++i)
      Y.reals[r * n + i] = (X.reals[r * n + i] - m.mean) * inverse.reals[r] * c[1].reals[scale[i]] +
                           (c.has(2) ? c[2].reals[bias[i]] : 0);
  }
  return {Y, mean, inverse};
}

// X / sqrt(mean(X^2) + epsilon) * scale
Arrays rms_normalization(const Call& c) {
  const Array& X = c[0];
  const std::int64_t axis = c.axis(c.node.int_or("axis", -1), X.rank());
  const double epsilon = c.node.float_or("epsilon", 1e-5f);
  const std::int64_t n = count(X.shape, axis, X.shape.size());
  const Indices scale = broadcast_map(c[1].shape, Shape(X.shape.begin() + axis, X.shape.end()));
  Array Y = X;
  for (std::int64_t r = 0; r < count(X.shape, 0, axis); ++r) {
    double squares = 0;
    for (std::int64_t i = 0; i < n; ++i) squares += X.reals[r * n + i] * X.reals[r * n + i];
    const double root = std::sqrt(squares / static_cast<double>(n) + epsilon);
    for (std::int64_t i = 0; i < n; ++i)
      Y.reals[r * n + i] = X.reals[r * n + i] / root * c[1].reals[scale[i]];
  }
  return {Y};
}

// Y = X / (bias + alpha / size * sum of squares over `size` channels around)^beta
Arrays lrn(const Call& c) {
  const Array& X = c[0];
  const double alpha = c.node.float_or("alpha", 1e-4f), beta = c.node.float_or("beta", 0.75f);
  const double bias = c.node.float_or("bias", 1);
  const std::int64_t size = c.node.int_or("size", 1);
  const AxisView view(X.shape, 1);
  Array Y = X;
  for (std::int64_t o = 0; o < view.outer; ++o)
    for (std::int64_t ch = 0; ch < view.n; ++ch)
      for (std::int64_t in = 0; in < view.inner; ++in) {
        double squares = 0;
        const std::int64_t first = std::max<std::int64_t>(0, ch - (size - 1) / 2);
        const std::int64_t last = std::min(view.n - 1, ch + size / 2);
        for (std::int64_t k = first; k <= last; ++k)
          squares += X.reals[view.at(o, k, in)] * X.reals[view.at(o, k, in)];
        Y.reals[view.at(o, ch, in)] /=
            std::pow(bias + alpha / static_cast<double>(size) * squares, beta);
      }
  return {Y};
}

// X / norm along the axis; 0 where the norm is 0.
Arrays lp_normalization(const Call& c) {
  Array out = c[0];
  const auto p = static_cast<double>(c.node.int_or("p", 2));
  const AxisView view(out.shape, c.axis(c.node.int_or("axis", -1), out.rank()));
  for (std::int64_t o = 0; o < view.outer; ++o)
    for (std::int64_t in = 0; in < view.inner; ++in) {
      double sum = 0;
      for (std::int64_t i = 0; i < view.n; ++i)
        sum += std::pow(std::fabs(out.reals[view.at(o, i, in)]), p);
      const double norm = std::pow(sum, 1 / p);
      for (std::int64_t i = 0; i < view.n && norm != 0; ++i) out.reals[view.at(o, i, in)] /= norm;
    }
  return {out};
}

// (X - mean) / (standard deviation + 1e-9) over `axes`, by default all but the channel.
Arrays mean_variance_normalization(const Call& c) {
  Array out = c[0];
  const Indices axes = c.node.ints_or("axes", {0, 2, 3});
  Shape kept = out.shape;
  for (const std::int64_t axis : axes) kept[c.axis(axis, out.rank())] = 1;
  const Indices group = broadcast_map(kept, out.shape);
  for (const Indices& positions :
       grouped(out, count(kept), [&](std::int64_t i) { return group[i]; })) {
    const Moments m = moments(out, positions);
    for (const std::int64_t i : positions)
      out.reals[i] = (out.reals[i] - m.mean) / (std::sqrt(m.variance) + 1e-9);
  }
  return {out};
}

}  // namespace

void add_normalizations(Table& table) {
  table["BatchNormalization"] = batch_normalization;
  table["InstanceNormalization"] = instance_normalization;
  table["GroupNormalization"] = group_normalization;
  table["LayerNormalization"] = layer_normalization;
  table["RMSNormalization"] = rms_normalization;
  table["LRN"] = lrn;
  table["LpNormalization"] = lp_normalization;
  table["MeanVarianceNormalization"] = mean_variance_normalization;
}

}  // namespace keel::oracle
