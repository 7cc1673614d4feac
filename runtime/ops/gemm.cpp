// Gemm: Y = act(alpha * A' * B' + beta * C + residual), A' [M, K] and B' [K, N] being A and B or
// their transposes, C broadcast to [M, N].
#include <cmath>
#include <limits>

#include "runtime/activation.h"
#include "runtime/constant_product.h"
#include "runtime/error.h"
#include "runtime/float_product.h"
#include "runtime/infer_checks.h"
#include "runtime/ops/gemm_plain.h"

namespace keel::ops {
namespace {

struct GemmSizes {
  Dim m, n, k;
  bool trans_a, trans_b;
  float alpha, beta;
};

GemmSizes sizes_of(const Node& node, const Shape& a, const Shape& b) {
  GemmSizes sizes;
  sizes.trans_a = node.int_or("transA", 0) != 0;
  sizes.trans_b = node.int_or("transB", 0) != 0;
  sizes.alpha = node.float_or("alpha", 1.0f);
  sizes.beta = node.float_or("beta", 1.0f);
  sizes.m = a[sizes.trans_a ? 1 : 0];
  sizes.n = b[sizes.trans_b ? 0 : 1];
  const Dim k_a = a[sizes.trans_a ? 0 : 1], k_b = b[sizes.trans_b ? 1 : 0];
  if (k_a >= 0 && k_b >= 0 && k_a != k_b)
    node.fail(ErrorCode::BadInput,
              str("A ", to_string(a), sizes.trans_a ? " transposed" : "", " and B ", to_string(b),
                  sizes.trans_b ? " transposed" : "", " do not multiply"));
  sizes.k = k_a >= 0 ? k_a : k_b;
  return sizes;
}

// C's steps from row to row and from column to column of Y; 0 where it is repeated.
struct BiasSteps {
  std::int64_t row = 0, column = 0;
};

BiasSteps bias_steps(const Shape& c) {
  BiasSteps steps;
  const std::int64_t columns = c.empty() ? 1 : c.back();
  if (columns != 1) steps.column = 1;
  if (c.size() == 2 && c[0] != 1) steps.row = columns;
  return steps;
}

void expect_bias(const InferContext& context, const GemmSizes& sizes) {
  if (!context.has_input(2)) return;
  expect_same_type(context, 2, 0);
  context.expect_rank(2, 0, 2);
  const Shape& c = context.input(2).dims;
  const Shape y = {sizes.m, sizes.n};
  Shape wanted = c;
  for (std::size_t i = 0; i < c.size(); ++i)
    if (c[i] != 1) wanted[i] = y[2 - c.size() + i];
  expect_dims(context, 2, wanted);
}

void infer_gemm(InferContext& context) {
  context.expect_type(0, {DataType::Float, DataType::Double, DataType::Float16, DataType::BFloat16,
                          DataType::Int32, DataType::Int64, DataType::Uint32, DataType::Uint64});
  expect_same_type(context, 1, 0);
  context.expect_rank(0, 2, 2);
  context.expect_rank(1, 2, 2);
  const GemmSizes sizes = sizes_of(context.node, context.input(0).dims, context.input(1).dims);
  expect_bias(context, sizes);
  const Shape y = {sizes.m, sizes.n};
  expect_residual(context, 3, context.type(0), y);
  context.set_output(0, context.type(0), y);
}

// A double as T: integers are truncated, and kept within their range.
template <typename T>
T rounded(double value) {
  if constexpr (std::is_integral_v<T>) {
    constexpr double kLowest = static_cast<double>(std::numeric_limits<T>::min());
    constexpr double kBeyond = static_cast<double>(std::numeric_limits<T>::max() / 2 + 1) * 2;
    if (!(value >= kLowest)) return std::numeric_limits<T>::min();
    if (value >= kBeyond) return std::numeric_limits<T>::max();
  }
  return static_cast<T>(value);
}

// y = alpha * y + beta * c for one row; integers wrap around where both factors are 1.
template <typename T>
void add_bias(const GemmSizes& sizes, const T* c, std::int64_t step, T* y) {
  using U = typename plain_gemm::Wrapping<T>::type;
  if (sizes.alpha == 1.0f && (c == nullptr || sizes.beta == 1.0f)) {
    for (std::int64_t j = 0; c != nullptr && j < sizes.n; ++j)
      y[j] = static_cast<T>(static_cast<U>(y[j]) + static_cast<U>(c[j * step]));
    return;
  }
  const double alpha = sizes.alpha, beta = sizes.beta;
  for (std::int64_t j = 0; j < sizes.n; ++j) {
    double value = alpha * static_cast<double>(y[j]);
    if (c != nullptr) value += beta * static_cast<double>(c[j * step]);
    y[j] = rounded<T>(value);
  }
}

template <typename T>
Kernel prepare_plain(const PrepareContext& context) {
  const GemmSizes sizes = sizes_of(context.node, context.inputs[0].dims, context.inputs[1].dims);
  const bool has_c = context.has_input(2) && sizes.beta != 0.0f;
  const BiasSteps bias = has_c ? bias_steps(context.inputs[2].dims) : BiasSteps{};
  Kernel kernel;
  kernel.name = "gemm plain";
  kernel.flops = 2.0 * static_cast<double>(sizes.m) * static_cast<double>(sizes.n) *
                 static_cast<double>(sizes.k);
  kernel.run = [sizes, has_c, bias](RunContext& run) {
    const Epilogue& epilogue = run.node.epilogue;
    const StridedMatrix<T> a{run.in<T>(0), sizes.trans_a ? 1 : sizes.k,
                             sizes.trans_a ? sizes.m : 1};
    const StridedMatrix<T> b{run.in<T>(1), sizes.trans_b ? 1 : sizes.n,
                             sizes.trans_b ? sizes.k : 1};
    const T* residual = epilogue.residual ? run.in<T>(3) : nullptr;
    run.parallel.chunks(sizes.m, [&](std::int64_t m, int) {
      T* y = run.out<T>(0) + m * sizes.n;
      multiply_row(a, b, m, sizes.n, sizes.k, y);
      add_bias(sizes, has_c ? run.in<T>(2) + m * bias.row : nullptr, bias.column, y);
      for (std::int64_t j = 0; residual != nullptr && j < sizes.n; ++j)
        y[j] += residual[m * sizes.n + j];
      if constexpr (std::is_floating_point_v<T>)
        for (std::int64_t j = 0; j < sizes.n; ++j)
          y[j] = static_cast<T>(activate(epilogue.activation, y[j]));
    });
  };
  return kernel;
}

Kernel prepare_float(const PrepareContext& context) {
  const GemmSizes sizes = sizes_of(context.node, context.inputs[0].dims, context.inputs[1].dims);
  const bool has_c = context.has_input(2) && sizes.beta != 0.0f;
  const BiasSteps bias = has_c ? bias_steps(context.inputs[2].dims) : BiasSteps{};
  FloatProduct plan;
  plan.m = sizes.m;
  plan.n = sizes.n;
  plan.k = sizes.k;
  plan.a_row = sizes.trans_a ? 1 : sizes.k;
  plan.a_column = sizes.trans_a ? sizes.m : 1;
  plan.b_row = sizes.trans_b ? 1 : sizes.n;
  plan.b_column = sizes.trans_b ? sizes.k : 1;
  plan.alpha = sizes.alpha;
  plan.beta = sizes.beta;
  plan.addend_row = bias.row;
  plan.addend_column = bias.column;
  plan.activation = context.node.epilogue.activation;
  const auto c = has_c ? std::optional<std::size_t>(2) : std::nullopt;
  if (auto constant = prepare_constant_product(context, plan, c, 3)) return *std::move(constant);
  const PreparedProduct product(context, plan, 1);
  Kernel kernel = product.kernel();
  kernel.note = constant_product_note(context, plan);
  kernel.run = [product, has_c](RunContext& run) {
    product.run(run, run.in<float>(0), run.in<float>(1), has_c ? run.in<float>(2) : nullptr,
                run.node.epilogue.residual ? run.in<float>(3) : nullptr, run.out<float>(0));
  };
  return kernel;
}

Kernel prepare_gemm(const PrepareContext& context) {
  switch (context.inputs[0].type) {
    case DataType::Double:
      return prepare_plain<double>(context);
    case DataType::Int32:
      return prepare_plain<std::int32_t>(context);
    case DataType::Int64:
      return prepare_plain<std::int64_t>(context);
    case DataType::Uint32:
      return prepare_plain<std::uint32_t>(context);
    case DataType::Uint64:
      return prepare_plain<std::uint64_t>(context);
    default:
      return prepare_float(context);
  }
}

}  // namespace

void gemm(OpTable& table) {
  OpDef def;
  def.name = "Gemm";
  def.infer = infer_gemm;
  def.prepare = prepare_gemm;
  def.epilogue = true;
  def.half_through_float = true;
  table.add(def);
}

}  // namespace keel::ops
