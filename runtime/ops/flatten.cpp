// Flatten: a matrix of the dims before `axis` by those from it on.
#include "runtime/dims.h"
#include "runtime/error.h"
#include "runtime/op.h"

namespace keel::ops {
namespace {

void infer(InferContext& context) {
  const std::int64_t rank = context.rank(0);
  std::int64_t axis = context.node.int_or("axis", 1);
  if (axis < -rank || axis > rank)
    context.node.fail_attribute("axis",
                                str("expected a value in [", -rank, ", ", rank, "], got ", axis));
  if (axis < 0) axis += rank;
  Shape dims = {1, 1};
  for (std::int64_t k = 0; k < rank; ++k) {
    Dim& side = dims[k < axis ? 0 : 1];
    side = dim_mul(side, context.dim(0, k));
  }
  context.set_output(0, context.type(0), dims);
}

}  // namespace

void flatten(OpTable& table) {
  OpDef def;
  def.name = "Flatten";
  def.infer = infer;
  def.view = true;
  table.add(def);
}

}  // namespace keel::ops
