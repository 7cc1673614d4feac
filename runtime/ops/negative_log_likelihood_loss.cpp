// NegativeLogLikelihoodLoss: -weight[t] * x[n, t, d] with t = target[n, d]; none, the sum, or the
// mean weighted by weight[t]. SoftmaxCrossEntropyLoss is the same of log_softmax(x) over the
// classes.
#include <algorithm>
#include <cmath>

#include "runtime/dims.h"
#include "runtime/error.h"
#include "runtime/indices.h"

namespace keel::ops {
namespace {

enum class Reduction { None, Sum, Mean };

Reduction reduction_of(const Node& node) {
  const std::string reduction = node.string_or("reduction", "mean");
  if (reduction == "none") return Reduction::None;
  if (reduction == "sum") return Reduction::Sum;
  if (reduction == "mean") return Reduction::Mean;
  node.fail_attribute("reduction",
                      "expected none, sum or mean, got '" + printable(reduction) + "'");
}

void infer(InferContext& context) {
  const Node& node = context.node;
  context.expect_type(0,
                      {DataType::Float, DataType::Double, DataType::Float16, DataType::BFloat16});
  context.expect_rank(0, 2, kRankLimit);
  context.expect_type(1, {DataType::Int64, DataType::Int32});
  context.expect_rank(1, context.rank(0) - 1, context.rank(0) - 1);
  const Shape &x = context.input(0).dims, &target = context.input(1).dims;
  for (std::size_t k = 0; k < target.size(); ++k)
    if (dims_clash(target[k], x[k == 0 ? 0 : k + 1]))
      node.fail(ErrorCode::BadInput,
                "target: " + to_string(target) + " does not fit " + to_string(x));
  if (context.has_input(2)) {
    context.expect_type(2, {context.type(0)});
    context.expect_rank(2, 1, 1);
    if (dims_clash(context.dim(2, 0), x[1]))
      node.fail(ErrorCode::BadInput,
                str("weight: expected ", x[1], " values, one per class, got ", context.dim(2, 0)));
  }
  context.set_output(0, context.type(0), reduction_of(node) == Reduction::None ? target : Shape{});
  context.set_output(1, context.type(0), x);
}

// x is [N, C, D], target [N, D].
struct Loss {
  std::int64_t N, C, D;
  Reduction reduction;
  bool softmax, ignores;
  std::int64_t ignored;
};

struct Sums {
  double loss = 0, weight = 0;
};

// What is to be subtracted from x[n, :, d] for its log_softmax.
template <typename T>
double log_sum_exp(const T* x, const Loss& loss) {
  double most = -INFINITY, sum = 0;
  for (std::int64_t c = 0; c < loss.C; ++c)
    most = std::max(most, static_cast<double>(x[c * loss.D]));
  if (!std::isfinite(most)) return most;
  for (std::int64_t c = 0; c < loss.C; ++c)
    sum += std::exp(static_cast<double>(x[c * loss.D]) - most);
  return most + std::log(sum);
}

template <typename T>
Sums one_sample(const Loss& loss, RunContext& context, std::int64_t n) {
  const Indices target(context.input(1));
  const T* weight = context.has_input(2) ? context.in<T>(2) : nullptr;
  T* log_prob = context.has_output(1) ? context.out<T>(1) : nullptr;
  Sums sums;
  for (std::int64_t d = 0; d < loss.D; ++d) {
    const std::int64_t at = n * loss.C * loss.D + d;
    const T* x = context.in<T>(0) + at;
    const double shift = loss.softmax ? log_sum_exp(x, loss) : 0;
    for (std::int64_t c = 0; log_prob != nullptr && c < loss.C; ++c)
      log_prob[at + c * loss.D] = static_cast<T>(static_cast<double>(x[c * loss.D]) - shift);
    const std::int64_t t = target[n * loss.D + d];
    double value = 0;
    if (!loss.ignores || t != loss.ignored) {
      if (t < 0 || t >= loss.C)
        context.node.fail(ErrorCode::BadInput,
                          str("target: class ", t, " is out of range for ", loss.C, " classes"));
      const double w = weight == nullptr ? 1 : static_cast<double>(weight[t]);
      value = -w * (static_cast<double>(x[t * loss.D]) - shift);
      sums.weight += w;
    }
    sums.loss += value;
    if (loss.reduction == Reduction::None)
      context.out<T>(0)[n * loss.D + d] = static_cast<T>(value);
  }
  return sums;
}

template <typename T>
void run(const Loss& loss, RunContext& context) {
  auto* partial = reinterpret_cast<Sums*>(context.shared_scratch);
  context.parallel.chunks(
      loss.N, [&](std::int64_t n, int) { partial[n] = one_sample<T>(loss, context, n); });
  if (loss.reduction == Reduction::None) return;
  Sums sums;  // in the order of the samples, for any number of threads
  for (std::int64_t n = 0; n < loss.N; ++n) {
    sums.loss += partial[n].loss;
    sums.weight += partial[n].weight;
  }
  const bool mean = loss.reduction == Reduction::Mean;
  *context.out<T>(0) = static_cast<T>(mean ? sums.loss / sums.weight : sums.loss);
}

Kernel prepare(const PrepareContext& context) {
  const Node& node = context.node;
  const Shape& dims = context.inputs[0].dims;
  const Loss loss{dims[0],
                  dims[1],
                  product(dims, 2, dims.size()),
                  reduction_of(node),
                  node.op_type == "SoftmaxCrossEntropyLoss",
                  node.has("ignore_index"),
                  node.int_or("ignore_index", 0)};
  const bool wide = context.inputs[0].type == DataType::Double;
  Kernel kernel;
  kernel.name = "loss";
  kernel.scratch_shared =
      static_cast<std::size_t>(checked_mul(loss.N, static_cast<std::int64_t>(sizeof(Sums))));
  kernel.run = [loss, wide](RunContext& context) {
    if (wide)
      run<double>(loss, context);
    else
      run<float>(loss, context);
  };
  return kernel;
}

}  // namespace

void negative_log_likelihood_loss(OpTable& table) {
  OpDef def;
  def.name = "NegativeLogLikelihoodLoss";
  def.infer = infer;
  def.prepare = prepare;
  def.half_through_float = true;
  table.add(def);
  def.name = "SoftmaxCrossEntropyLoss";
  table.add(def);
}

}  // namespace keel::ops
