// AffineGrid: the positions that GridSample takes, y[n, o] = theta[n] * (x, y, z, 1) for every
// point o of a grid that spans [-1, 1] along each axis. The first coordinate is that of the last
// axis.
#include "runtime/dims.h"
#include "runtime/error.h"
#include "runtime/indices.h"

namespace keel::ops {
namespace {

void infer(InferContext& context) {
  const Node& node = context.node;
  context.expect_type(0,
                      {DataType::Float, DataType::Double, DataType::Float16, DataType::BFloat16});
  context.expect_rank(0, 3, 3);
  const Dim length = list_length(context, 1);
  if (length >= 0 && length != 4 && length != 5)
    node.fail(ErrorCode::BadInput, str("size: expected 4 or 5 values, got ", length));
  const auto size = context.ints(1);
  if (!size) {
    if (length < 0) return context.set_unranked(0, context.type(0));
    Shape dims(static_cast<std::size_t>(length), kUnknownDim);
    dims.back() = length - 2;
    return context.set_output(0, context.type(0), dims);
  }
  const auto axes = static_cast<std::int64_t>(size->size()) - 2;
  for (std::int64_t dim : *size)
    if (dim < 0) node.fail(ErrorCode::BadInput, str("size: ", dim, " is no size"));
  if (dims_clash(context.dim(0, 0), size->front()) || dims_clash(context.dim(0, 1), axes) ||
      dims_clash(context.dim(0, 2), axes + 1))
    node.fail(ErrorCode::BadInput,
              str("theta: expected ", to_string({size->front(), axes, axes + 1}), ", got ",
                  to_string(context.input(0).dims)));
  Shape dims = {size->front()};
  dims.insert(dims.end(), size->begin() + 2, size->end());
  dims.push_back(axes);
  context.set_output(0, context.type(0), dims);
}

// Coordinate i of n evenly spaced in [-1, 1].
double coordinate(std::int64_t i, std::int64_t n, bool align_corners) {
  if (!align_corners) return (2 * static_cast<double>(i) + 1) / static_cast<double>(n) - 1;
  return n == 1 ? -1 : 2 * static_cast<double>(i) / static_cast<double>(n - 1) - 1;
}

template <typename T>
void run(RunContext& context) {
  const bool align_corners = context.node.int_or("align_corners", 0) != 0;
  const Shape& dims = context.output(0).dims;  // [N, spatial..., axes]
  const std::size_t axes = dims.size() - 2;
  const std::int64_t points = product(dims, 1, dims.size() - 1);
  context.parallel.ranges(dims[0] * points, 8 << 10, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t p = begin; p < end; ++p) {
      double position[3];
      std::int64_t rest = p % points;
      for (std::size_t k = 0; k < axes; ++k) {
        const std::int64_t size = dims[axes - k];
        position[k] = coordinate(rest % size, size, align_corners);
        rest /= size;
      }
      const auto width = static_cast<std::int64_t>(axes) + 1;
      const T* theta = context.in<T>(0) + p / points * static_cast<std::int64_t>(axes) * width;
      T* y = context.out<T>(0) + p * static_cast<std::int64_t>(axes);
      for (std::size_t row = 0; row < axes; ++row, theta += width) {
        double sum = theta[axes];
        for (std::size_t k = 0; k < axes; ++k) sum += theta[k] * position[k];
        y[row] = static_cast<T>(sum);
      }
    }
  });
}

Kernel prepare(const PrepareContext& context) {
  Kernel kernel;
  kernel.name = "affine grid";
  kernel.run = context.inputs[0].type == DataType::Double ? run<double> : run<float>;
  return kernel;
}

}  // namespace

void affine_grid(OpTable& table) {
  OpDef def;
  def.name = "AffineGrid";
  def.infer = infer;
  def.prepare = prepare;
  def.half_through_float = true;
  table.add(def);
}

}  // namespace keel::ops
