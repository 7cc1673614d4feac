// MaxUnpool: zeros, but x[i] at the place indices[i] that MaxPool found it at; places count in the
// tensor that the pooling attributes imply, which stands in the first corner of the output.
#include <cstring>

#include "runtime/dims.h"
#include "runtime/error.h"
#include "runtime/indices.h"
#include "runtime/movement.h"

namespace keel::ops {
namespace {

// The dims that MaxPool had: (x - 1) * stride + kernel - pads.
Shape pooled_dims(const Node& node, const Shape& x) {
  const std::size_t axes = x.size() - 2;
  const Shape kernel = node.ints_or("kernel_shape", {});
  const Shape strides = node.ints_or("strides", Shape(axes, 1));
  const Shape pads = node.ints_or("pads", Shape(2 * axes, 0));
  if (kernel.size() != axes)
    node.fail_attribute("kernel_shape", str("expected ", axes, " values, got ", kernel.size()));
  if (strides.size() != axes)
    node.fail_attribute("strides", str("expected ", axes, " values, got ", strides.size()));
  if (pads.size() != 2 * axes)
    node.fail_attribute("pads", str("expected ", 2 * axes, " values, got ", pads.size()));
  Shape dims = x;
  for (std::size_t k = 0; k < axes; ++k) {
    const auto allowed = [](std::int64_t value) { return value >= 0 && value <= INT32_MAX; };
    if (!allowed(kernel[k] - 1)) node.fail_attribute("kernel_shape", str("got ", kernel[k]));
    if (!allowed(strides[k] - 1)) node.fail_attribute("strides", str("got ", strides[k]));
    if (!allowed(pads[k]) || !allowed(pads[axes + k]))
      node.fail_attribute("pads", str("got ", to_string(pads)));
    if (dims[k + 2] < 0) continue;
    Dim& dim = dims[k + 2];
    dim = dim == 0 ? 0 : checked_mul(dim - 1, strides[k]) + kernel[k] - pads[k] - pads[axes + k];
    if (dim < 0) node.fail(ErrorCode::BadInput, str("axis ", k + 2, ": the pads leave nothing"));
  }
  return dims;
}

void infer(InferContext& context) {
  const Node& node = context.node;
  expect_whole_bytes(context, 0);
  context.expect_rank(0, 3, kRankLimit);
  if (context.type(0) == DataType::String)
    node.fail(ErrorCode::Unsupported, "input 0: type string is not supported");
  context.expect_type(1, {DataType::Int64});
  context.expect_rank(1, context.rank(0), context.rank(0));
  for (std::int64_t k = 0; k < context.rank(0); ++k)
    if (dims_clash(context.dim(0, k), context.dim(1, k)))
      node.fail(ErrorCode::BadInput, "I: expected shape " + to_string(context.input(0).dims) +
                                         ", got " + to_string(context.input(1).dims));
  Shape dims = pooled_dims(node, context.input(0).dims);
  if (context.has_input(2)) {
    const Dim length = list_length(context, 2);
    if (dims_clash(length, context.rank(0)))
      node.fail(ErrorCode::BadInput,
                str("output_shape: expected ", context.rank(0), " values, got ", length));
    const auto asked = context.ints(2);
    for (std::size_t k = 0; k < dims.size(); ++k) {
      if (asked && ((*asked)[k] < 0 || (dims[k] >= 0 && (*asked)[k] < dims[k])))
        node.fail(ErrorCode::BadInput,
                  "output_shape: " + to_string(*asked) + " does not hold " + to_string(dims));
      dims[k] = asked ? (*asked)[k] : kUnknownDim;
    }
  }
  context.set_output(0, context.type(0), std::move(dims));
}

Kernel prepare(const PrepareContext& context) {
  const TensorRef &x = context.inputs[0], &y = context.outputs[0];
  const Shape dims = pooled_dims(context.node, x.dims), strides = strides_of(y.dims);
  const std::int64_t places = element_count(dims), count = x.size();
  const auto bytes = static_cast<std::int64_t>(storage_bytes(y.type, y.dims, Layout::Plain));
  const RunCopy copy(x.type, 1);
  Kernel kernel;
  kernel.name = "max unpool";
  kernel.run = [=](RunContext& context) {
    const Indices indices(context.input(1));
    auto* to = context.out<std::byte>(0);
    if (bytes > 0) std::memset(to, 0, static_cast<std::size_t>(bytes));
    for (std::int64_t i = 0; i < count; ++i) {
      std::int64_t rest = indices[i], at = 0;
      if (rest < 0 || rest >= places)
        context.node.fail(ErrorCode::BadInput,
                          str("I: index ", rest, " is out of range for ", places, " elements"));
      for (std::size_t k = dims.size(); k-- > 0; rest /= dims[k]) at += rest % dims[k] * strides[k];
      copy(to + at * copy.bytes(), context.in<std::byte>(0) + i * copy.bytes());
    }
  };
  return kernel;
}

}  // namespace

void max_unpool(OpTable& table) {
  OpDef def;
  def.name = "MaxUnpool";
  def.infer = infer;
  def.prepare = prepare;
  table.add(def);
}

}  // namespace keel::ops
