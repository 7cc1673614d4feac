// MatMul: matrix products over the last two axes, numpy broadcasting over the others. A vector A
// counts as one row, a vector B as one column, and that axis is dropped from the result.
#include "runtime/activation.h"
#include "runtime/constant_product.h"
#include "runtime/error.h"
#include "runtime/float_product.h"
#include "runtime/infer_checks.h"
#include "runtime/ops/gemm_plain.h"

namespace keel::ops {
namespace {

// The sizes of a product, dims possibly unknown while types are inferred.
struct Product {
  Dim m = 1, n = 1, k = 1;
  Shape batch_a, batch_b, batch;
  bool vector_a = false, vector_b = false;

  Shape output() const {
    Shape dims = batch;
    if (!vector_a) dims.push_back(m);
    if (!vector_b) dims.push_back(n);
    return dims;
  }
};

Product product_of(const Node& node, const Shape& a, const Shape& b) {
  Product result;
  result.vector_a = a.size() == 1;
  result.vector_b = b.size() == 1;
  result.m = result.vector_a ? 1 : a[a.size() - 2];
  result.n = result.vector_b ? 1 : b.back();
  const Dim rows_b = result.vector_b ? b[0] : b[b.size() - 2];
  if (a.back() >= 0 && rows_b >= 0 && a.back() != rows_b)
    node.fail(ErrorCode::BadInput, "the last axis of A " + to_string(a) +
                                       " does not match the rows of B " + to_string(b));
  result.k = a.back() >= 0 ? a.back() : rows_b;
  if (!result.vector_a) result.batch_a.assign(a.begin(), a.end() - 2);
  if (!result.vector_b) result.batch_b.assign(b.begin(), b.end() - 2);
  result.batch = broadcast(node, result.batch_a, result.batch_b);
  return result;
}

// Steps, in matrices, of an operand's batch axes within the broadcast ones; 0 where it is repeated.
Shape batch_steps(const Shape& own, const Shape& all) {
  Shape steps(all.size(), 0);
  std::int64_t step = 1;
  for (std::size_t i = 0; i < own.size(); ++i) {
    const std::int64_t size = own[own.size() - 1 - i];
    if (size != 1) steps[all.size() - 1 - i] = step;
    step = checked_mul(step, size);
  }
  return steps;
}

BatchSteps steps_of(const Product& product) {
  return {product.batch, batch_steps(product.batch_a, product.batch),
          batch_steps(product.batch_b, product.batch)};
}

void infer_matmul(InferContext& context) {
  context.expect_type(0, {DataType::Float, DataType::Double, DataType::Float16, DataType::BFloat16,
                          DataType::Int32, DataType::Int64, DataType::Uint32, DataType::Uint64});
  expect_same_type(context, 1, 0);
  context.expect_rank(0, 1, kRankLimit);
  context.expect_rank(1, 1, kRankLimit);
  Shape y = product_of(context.node, context.input(0).dims, context.input(1).dims).output();
  expect_residual(context, 2, context.type(0), y);
  context.set_output(0, context.type(0), std::move(y));
}

template <typename T>
Kernel prepare_plain(const PrepareContext& context) {
  const Product product = product_of(context.node, context.inputs[0].dims, context.inputs[1].dims);
  const std::int64_t batches = element_count(product.batch);
  Kernel kernel;
  kernel.name = "matmul plain";
  kernel.flops =
      2.0 * static_cast<double>(element_count(product.output())) * static_cast<double>(product.k);
  kernel.run = [product, batches, steps = steps_of(product)](RunContext& run) {
    const Epilogue& epilogue = run.node.epilogue;
    const T* residual = epilogue.residual ? run.in<T>(2) : nullptr;
    run.parallel.chunks(checked_mul(batches, product.m), [&](std::int64_t row, int) {
      std::int64_t at_a, at_b;
      steps.find(row / product.m, at_a, at_b);
      const StridedMatrix<T> a{run.in<T>(0) + at_a * product.m * product.k, product.k, 1};
      const StridedMatrix<T> b{run.in<T>(1) + at_b * product.k * product.n, product.n, 1};
      T* y = run.out<T>(0) + row * product.n;
      multiply_row(a, b, row % product.m, product.n, product.k, y);
      for (std::int64_t j = 0; residual != nullptr && j < product.n; ++j)
        y[j] += residual[row * product.n + j];
      if constexpr (std::is_floating_point_v<T>)
        for (std::int64_t j = 0; j < product.n; ++j)
          y[j] = static_cast<T>(activate(epilogue.activation, y[j]));
    });
  };
  return kernel;
}

Kernel prepare_float(const PrepareContext& context) {
  const Product product = product_of(context.node, context.inputs[0].dims, context.inputs[1].dims);
  FloatProduct plan;
  plan.m = product.m;
  plan.n = product.n;
  plan.k = plan.a_row = product.k;
  plan.b_row = product.n;
  plan.products = element_count(product.batch);
  plan.b_matrices = element_count(product.batch_b);
  plan.steps = steps_of(product);
  plan.activation = context.node.epilogue.activation;
  // One B for all: the rows of every A are rows of one.
  if (plan.b_matrices == 1 && element_count(product.batch_a) == plan.products) {
    plan.m = checked_mul(plan.m, plan.products);
    plan.products = 1;
  }
  if (auto constant = prepare_constant_product(context, plan, std::nullopt, 2))
    return *std::move(constant);
  const PreparedProduct prepared(context, plan, 1);
  Kernel kernel = prepared.kernel();
  kernel.note = constant_product_note(context, plan);
  kernel.run = [prepared](RunContext& run) {
    prepared.run(run, run.in<float>(0), run.in<float>(1), nullptr,
                 run.node.epilogue.residual ? run.in<float>(2) : nullptr, run.out<float>(0));
  };
  return kernel;
}

Kernel prepare_matmul(const PrepareContext& context) {
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

void matmul(OpTable& table) {
  OpDef def;
  def.name = "MatMul";
  def.infer = infer_matmul;
  def.prepare = prepare_matmul;
  def.epilogue = true;
  def.half_through_float = true;
  table.add(def);
}

}  // namespace keel::ops
