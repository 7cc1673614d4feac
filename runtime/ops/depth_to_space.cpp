// DepthToSpace moves blocks of channels into space, SpaceToDepth back; b is the blocksize.
//
//   DCR  y[n, c, h b + i, w b + j] = x[n, (i b + j) C + c, h, w]
//   CRD  y[n, c, h b + i, w b + j] = x[n, (c b + i) b + j, h, w]
//   SpaceToDepth  y[n, (i b + j) C + c, h, w] = x[n, c, h b + i, w b + j]
#include "runtime/dims.h"
#include "runtime/error.h"
#include "runtime/movement.h"

namespace keel::ops {
namespace {

std::int64_t blocksize(const Node& node) {
  const std::int64_t size = node.int_or("blocksize", 0);
  if (size < 1 || size > 65535)
    node.fail_attribute("blocksize", str("expected a value in [1, 65535], got ", size));
  return size;
}

Dim divided(const InferContext& context, std::int64_t axis, std::int64_t by) {
  const Dim dim = context.dim(0, axis);
  if (dim < 0) return kUnknownDim;
  if (dim % by != 0)
    context.node.fail(ErrorCode::BadInput,
                      str("axis ", axis, ": size ", dim, " is no multiple of ", by));
  return dim / by;
}

bool is_crd(const Node& node) {
  const std::string mode = node.string_or("mode", "DCR");
  if (mode != "DCR" && mode != "CRD")
    node.fail_attribute("mode", "expected DCR or CRD, got '" + printable(mode) + "'");
  return mode == "CRD";
}

void infer_depth_to_space(InferContext& context) {
  expect_whole_bytes(context, 0);
  context.expect_rank(0, 4, 4);
  is_crd(context.node);
  const std::int64_t b = blocksize(context.node);
  context.set_output(0, context.type(0),
                     {context.dim(0, 0), divided(context, 1, b * b), dim_mul(context.dim(0, 2), b),
                      dim_mul(context.dim(0, 3), b)});
}

void infer_space_to_depth(InferContext& context) {
  expect_whole_bytes(context, 0);
  context.expect_rank(0, 4, 4);
  const std::int64_t b = blocksize(context.node);
  context.set_output(0, context.type(0),
                     {context.dim(0, 0), dim_mul(context.dim(0, 1), b * b), divided(context, 2, b),
                      divided(context, 3, b)});
}

// Strides along [n, c, h, i, w, j] of the tensor whose space is large and of the one whose depth
// is.
struct Strides {
  Shape space, depth;
};

Strides strides_for(const Shape& space, std::int64_t b, bool crd) {
  const std::int64_t C = space[1], H = space[2] / b, W = space[3] / b, plane = H * W;
  const std::int64_t c = crd ? b * b * plane : plane, step = crd ? plane : C * plane;
  return {{C * H * b * W * b, H * b * W * b, b * W * b, W * b, b, 1},
          {C * b * b * plane, c, W, step * b, 1, step}};
}

Kernel prepare_either(const PrepareContext& context, bool to_space, bool crd) {
  const TensorRef &x = context.inputs[0], &y = context.outputs[0];
  MoveList list;
  if (y.size() > 0) {
    const std::int64_t b = blocksize(context.node);
    const Shape& space = to_space ? y.dims : x.dims;
    const Strides strides = strides_for(space, b, crd);
    // In the order in which the output lies in memory.
    const Shape dims = {space[0], space[1], space[2] / b, b, space[3] / b, b};
    const int order[2][6] = {{0, 3, 5, 1, 2, 4}, {0, 1, 2, 3, 4, 5}};
    Shape sizes, dst, src;
    for (int k : order[to_space]) {
      const auto at = static_cast<std::size_t>(k);
      sizes.push_back(dims[at]);
      dst.push_back(to_space ? strides.space[at] : strides.depth[at]);
      src.push_back(to_space ? strides.depth[at] : strides.space[at]);
    }
    list.moves.push_back({StridedCopy(y.type, sizes, dst, src), 0});
  }
  return move_kernel(std::move(list), to_space ? "depth to space" : "space to depth");
}

Kernel prepare_depth_to_space(const PrepareContext& context) {
  return prepare_either(context, true, is_crd(context.node));
}

Kernel prepare_space_to_depth(const PrepareContext& context) {
  return prepare_either(context, false, false);
}

}  // namespace

void depth_to_space(OpTable& table) {
  OpDef def;
  def.name = "DepthToSpace";
  def.infer = infer_depth_to_space;
  def.prepare = prepare_depth_to_space;
  table.add(def);
  def.name = "SpaceToDepth";
  def.infer = infer_space_to_depth;
  def.prepare = prepare_space_to_depth;
  table.add(def);
}

}  // namespace keel::ops
