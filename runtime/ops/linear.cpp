// keel.Linear: Y = act(A * B + C + residual), A [..., K], B [K, N], C [N]. What passes make of a
// MatMul and what follows it; float only.
#include "runtime/constant_product.h"
#include "runtime/error.h"
#include "runtime/float_product.h"
#include "runtime/infer_checks.h"

namespace keel::ops {
namespace {

constexpr std::size_t kA = 0, kB = 1, kC = 2, kResidual = 3;

void infer_linear(InferContext& context) {
  for (std::size_t i : {kA, kB, kC}) context.expect_type(i, {DataType::Float});
  context.expect_rank(kA, 1, kRankLimit);
  context.expect_rank(kB, 2, 2);
  Shape y = context.input(kA).dims;
  if (y.back() >= 0 && context.dim(kB, 0) >= 0 && y.back() != context.dim(kB, 0))
    context.node.fail(
        ErrorCode::BadInput,
        str("A ", to_string(y), " and B ", to_string(context.input(kB).dims), " do not multiply"));
  y.back() = context.dim(kB, 1);
  expect_dims(context, kC, {y.back()});
  expect_residual(context, kResidual, DataType::Float, y);
  context.set_output(0, DataType::Float, std::move(y));
}

Kernel prepare_linear(const PrepareContext& context) {
  const Shape &a = context.inputs[kA].dims, &b = context.inputs[kB].dims;
  FloatProduct plan;
  plan.m = product(a, 0, a.size() - 1);
  plan.n = plan.b_row = b[1];
  plan.k = plan.a_row = b[0];
  plan.addend_column = 1;
  plan.activation = context.node.epilogue.activation;
  if (auto constant = prepare_constant_product(context, plan, kC, kResidual))
    return *std::move(constant);
  const PreparedProduct prepared(context, plan, kB);
  Kernel kernel = prepared.kernel();
  kernel.note = constant_product_note(context, plan);
  kernel.run = [prepared](RunContext& run) {
    prepared.run(run, run.in<float>(kA), run.in<float>(kB), run.in<float>(kC),
                 run.node.epilogue.residual ? run.in<float>(kResidual) : nullptr,
                 run.out<float>(0));
  };
  return kernel;
}

}  // namespace

void linear(OpTable& table) {
  OpDef def;
  def.domain = "keel";
  def.name = "Linear";
  def.infer = infer_linear;
  def.prepare = prepare_linear;
  def.epilogue = true;
  table.add(def);
}

}  // namespace keel::ops
