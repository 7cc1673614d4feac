// Identity: the input itself.
#include "runtime/op.h"

namespace keel::ops {
namespace {

void infer(InferContext& context) { context.set_output(0, context.type(0), context.input(0).dims); }

LayoutChoice layout(const LayoutQuery& query) {
  const std::uint64_t blocked = query.blocked_inputs & 1u;
  return {blocked, blocked};
}

}  // namespace

void identity(OpTable& table) {
  OpDef def;
  def.name = "Identity";
  def.infer = infer;
  def.layout = layout;
  def.view = true;
  table.add(def);
}

}  // namespace keel::ops
