// Col2Im: columns of blocks [N, C * block, L] summed into the image [N, C, ...] they were taken
// from.
#include <algorithm>
#include <cstring>

#include "runtime/dims.h"
#include "runtime/error.h"
#include "runtime/indices.h"

namespace keel::ops {
namespace {

struct Geometry {
  Shape image, block, counts;  // counts: blocks along each axis
  Shape strides, dilations, pads;
};

Shape positive(const Node& node, const char* name, std::size_t axes) {
  const Shape values = node.ints_or(name, Shape(axes, 1));
  if (values.size() != axes)
    node.fail_attribute(name, str("expected ", axes, " values, got ", values.size()));
  for (std::int64_t value : values)
    if (value < 1 || value > INT32_MAX) node.fail_attribute(name, str(value, " is not allowed"));
  return values;
}

Geometry geometry_of(const Node& node, const Shape& image, const Shape& block) {
  const std::size_t axes = image.size();
  if (axes < 1 || block.size() != axes)
    node.fail(ErrorCode::BadInput, str("block_shape: expected ", axes,
                                       " values as image_shape has, got ", block.size()));
  Geometry geometry{image,
                    block,
                    Shape(axes),
                    positive(node, "strides", axes),
                    positive(node, "dilations", axes),
                    node.ints_or("pads", Shape(2 * axes, 0))};
  if (geometry.pads.size() != 2 * axes)
    node.fail_attribute("pads", str("expected ", 2 * axes, " values, got ", geometry.pads.size()));
  for (std::int64_t pad : geometry.pads)
    if (pad < 0 || pad > INT32_MAX) node.fail_attribute("pads", str(pad, " is not allowed"));
  for (std::size_t k = 0; k < axes; ++k) {
    if (image[k] < 0 || image[k] > INT32_MAX || block[k] < 1 || block[k] > INT32_MAX)
      node.fail(ErrorCode::BadInput, str("image_shape ", to_string(image), " and block_shape ",
                                         to_string(block), " are not allowed"));
    const std::int64_t span = geometry.dilations[k] * (block[k] - 1) + 1;
    const std::int64_t room = image[k] + geometry.pads[k] + geometry.pads[axes + k] - span;
    if (room < 0)
      node.fail(ErrorCode::BadInput, str("axis ", k, ": a block of ", span,
                                         " does not fit into the image of ", image[k]));
    geometry.counts[k] = room / geometry.strides[k] + 1;
  }
  return geometry;
}

void infer(InferContext& context) {
  const Node& node = context.node;
  context.expect_type(0,
                      {DataType::Float, DataType::Double, DataType::Float16, DataType::BFloat16});
  context.expect_rank(0, 3, 3);
  const Dim axes = list_length(context, 1);
  list_length(context, 2);
  const auto image = context.ints(1), block = context.ints(2);
  if (!image || !block) {
    if (axes < 0 || axes + 2 > static_cast<Dim>(kRankLimit))
      return context.set_unranked(0, context.type(0));
    Shape dims(static_cast<std::size_t>(axes) + 2, kUnknownDim);
    dims[0] = context.dim(0, 0);
    return context.set_output(0, context.type(0), dims);
  }
  const Geometry geometry = geometry_of(node, *image, *block);
  const std::int64_t elements = element_count(*block), rows = context.dim(0, 1);
  if (rows >= 0 && rows % elements != 0)
    node.fail(ErrorCode::BadInput,
              str("input: ", rows, " rows are no multiple of a block of ", elements));
  if (dims_clash(context.dim(0, 2), element_count(geometry.counts)))
    node.fail(ErrorCode::BadInput, str("input: expected ", element_count(geometry.counts),
                                       " blocks, got ", context.dim(0, 2)));
  Shape dims = {context.dim(0, 0), rows < 0 ? kUnknownDim : rows / elements};
  dims.insert(dims.end(), image->begin(), image->end());
  context.set_output(0, context.type(0), dims);
}

// Adds one row of columns, the block's element at `offset`, to the image.
template <typename T>
void add_row(const Geometry& geometry, const T* row, const Shape& offset, T* image) {
  const std::size_t axes = geometry.image.size();
  Shape block(axes, 0);
  const std::int64_t blocks = element_count(geometry.counts);
  for (std::int64_t l = 0; l < blocks; ++l) {
    std::int64_t at = 0;
    bool inside = true;
    for (std::size_t k = 0; k < axes; ++k) {
      const std::int64_t i =
          block[k] * geometry.strides[k] + offset[k] * geometry.dilations[k] - geometry.pads[k];
      inside = inside && i >= 0 && i < geometry.image[k];
      at = at * geometry.image[k] + i;
    }
    if (inside) image[at] += row[l];
    for (std::size_t k = axes; k-- > 0;) {
      if (++block[k] < geometry.counts[k]) break;
      block[k] = 0;
    }
  }
}

template <typename T>
void run(const Geometry& geometry, RunContext& context) {
  const Shape& dims = context.output(0).dims;
  const std::int64_t pixels = product(dims, 2, dims.size());
  const std::int64_t blocks = element_count(geometry.counts);
  const std::int64_t elements = element_count(geometry.block);
  context.parallel.chunks(dims[0] * dims[1], [&](std::int64_t plane, int) {
    T* image = context.out<T>(0) + plane * pixels;
    std::fill_n(image, pixels, T(0));
    Shape offset(geometry.block.size(), 0);
    for (std::int64_t e = 0; e < elements; ++e) {
      add_row(geometry, context.in<T>(0) + (plane * elements + e) * blocks, offset, image);
      for (std::size_t k = offset.size(); k-- > 0;) {
        if (++offset[k] < geometry.block[k]) break;
        offset[k] = 0;
      }
    }
  });
}

Kernel prepare(const PrepareContext& context) {
  const Geometry geometry =
      geometry_of(context.node, known_ints(context, 1), known_ints(context, 2));
  const bool wide = context.inputs[0].type == DataType::Double;
  Kernel kernel;
  kernel.name = "col2im";
  kernel.run = [geometry, wide](RunContext& context) {
    if (context.output(0).size() == 0) return;
    if (wide)
      run<double>(geometry, context);
    else
      run<float>(geometry, context);
  };
  return kernel;
}

}  // namespace

void col2im(OpTable& table) {
  OpDef def;
  def.name = "Col2Im";
  def.infer = infer;
  def.prepare = prepare;
  def.half_through_float = true;
  table.add(def);
}

}  // namespace keel::ops
