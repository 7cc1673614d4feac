// Gemm, Y = alpha A' B' + beta C, with an affine map behind or in front of it.
#include "runtime/constants.h"
#include "runtime/error.h"
#include "runtime/folding/absorb.h"

namespace keel::folding {
namespace {

// The constant operand B: [K, N], or [N, K] if transB.
struct Matrix {
  std::shared_ptr<const Tensor> B;
  bool transposed = false;
  std::int64_t K = 0, N = 0;
};

Refusal read_matrix(const Work& work, const Node& node, Matrix& matrix) {
  const Refusal refusal = read_weights(work, node, 1, matrix.B);
  if (refusal) return refusal;
  const Shape& dims = matrix.B->shape();
  if (dims.size() != 2)
    return {"TYPE_MISMATCH", str("B of Gemm has shape ", to_string(dims)), node.name};
  matrix.transposed = node.int_or("transB", 0) != 0;
  matrix.K = dims[matrix.transposed ? 1 : 0];
  matrix.N = dims[matrix.transposed ? 0 : 1];
  return {};
}

// beta * C spread to `dims`, which is [N] or [M, N]; zeros where there is no C.
Refusal read_addend(const Work& work, const Node& node, std::int64_t N, Shape& dims,
                    std::vector<double>& values) {
  const double beta = static_cast<double>(node.float_or("beta", 1.0f));
  dims = {N};
  values.assign(static_cast<std::size_t>(N), 0);
  if (!node.has_input(2) || beta == 0) return {};
  std::shared_ptr<const Tensor> C;
  const Refusal refusal = read_weights(work, node, 2, C);
  if (refusal) return refusal;
  const std::size_t rank = C->shape().size();
  const std::int64_t rows = rank == 2 ? C->shape()[0] : 1;
  const std::int64_t columns = rank == 0 ? 1 : C->shape()[rank - 1];
  if (rank > 2 || (columns != 1 && columns != N))
    return {"TYPE_MISMATCH", str("C of Gemm has shape ", to_string(C->shape())), node.name};
  if (rows != 1) dims = {rows, N};
  values.resize(static_cast<std::size_t>(rows * N));
  for (std::int64_t m = 0; m < rows; ++m)
    for (std::int64_t n = 0; n < N; ++n)
      values[static_cast<std::size_t>(m * N + n)] =
          beta * element_as_double(*C, m * columns + (columns == 1 ? 0 : n));
  return {};
}

// C becomes these values, with beta = 1.
Refusal set_addend(Work& work, NodeId id, DataType type, Shape dims,
                   const std::vector<double>& values) {
  const Node& node = work.graph.nodes[id];
  Tensor rounded;
  const Refusal refusal = round_to(node, type, std::move(dims), values, rounded);
  if (refusal) return refusal;
  replace_weights(work, id, 2, std::move(rounded), bias_name(work.graph, node.inputs[1]));
  if (node.float_or("beta", 1.0f) != 1.0f) work.patch.set_attribute(id, "beta", 1.0f);
  return {};
}

Refusal mismatch(const Node& node, const Affine& map, const char* wanted) {
  return {"AXIS_MISMATCH",
          str("it has ", map.channels(), " channels along axis ", map.axis, ", not along ", wanted,
              " of Gemm"),
          node.name};
}

}  // namespace

// B' = s[n] B, alpha stays; C' = s (beta C) + t.
Refusal absorb_before_gemm(Work& work, NodeId id, const Affine& behind) {
  const Node& node = work.graph.nodes[id];
  Matrix matrix;
  Refusal refusal = read_matrix(work, node, matrix);
  if (refusal) return refusal;
  const auto map = along(behind, 1, static_cast<std::size_t>(matrix.N));
  if (!map) return mismatch(node, behind, "the columns");
  if (map->scales()) {
    Tensor scaled;
    refusal = scale_blocks(work, node, *matrix.B, map->s, matrix.transposed ? matrix.K : 1, scaled);
    if (refusal) return refusal;
    replace_weights(work, id, 1, std::move(scaled), "");
  }
  if (!node.has_input(2) && !map->shifts()) return {};
  Shape dims;
  std::vector<double> values;
  refusal = read_addend(work, node, matrix.N, dims, values);
  if (refusal) return refusal;
  for (std::size_t e = 0; e < values.size(); ++e) {
    const std::size_t n = e % map->channels();
    note_cancellation(work, map->s[n] * values[e], map->t[n]);
    values[e] = map->s[n] * values[e] + map->t[n];
  }
  return set_addend(work, id, matrix.B->type(), std::move(dims), values);
}

// B'[k, n] = s[k] B[k, n]; C' = beta C + alpha sum over k of t[k] B[k, n].
Refusal absorb_behind_gemm(Work& work, NodeId id, const Affine& before) {
  const Node& node = work.graph.nodes[id];
  Matrix matrix;
  Refusal refusal = read_matrix(work, node, matrix);
  if (refusal) return refusal;
  const std::int64_t axis = node.int_or("transA", 0) != 0 ? 0 : 1;
  const auto map = along(before, axis, static_cast<std::size_t>(matrix.K));
  if (!map) return mismatch(node, before, "what is summed over");
  if (map->shifts()) {
    Shape dims;
    std::vector<double> values;
    refusal = read_addend(work, node, matrix.N, dims, values);
    if (refusal) return refusal;
    const double alpha = static_cast<double>(node.float_or("alpha", 1.0f));
    std::vector<double> shift(static_cast<std::size_t>(matrix.N), 0);
    for (std::int64_t k = 0; k < matrix.K; ++k)
      for (std::int64_t n = 0; n < matrix.N; ++n)
        shift[static_cast<std::size_t>(n)] +=
            map->t[static_cast<std::size_t>(k)] *
            element_as_double(*matrix.B, matrix.transposed ? n * matrix.K + k : k * matrix.N + n);
    for (std::size_t e = 0; e < values.size(); ++e) {
      const double added = alpha * shift[e % shift.size()];
      note_cancellation(work, values[e], added);
      values[e] += added;
    }
    refusal = set_addend(work, id, matrix.B->type(), std::move(dims), values);
    if (refusal) return refusal;
  }
  if (!map->scales()) return {};
  Tensor scaled;
  refusal = scale_blocks(work, node, *matrix.B, map->s, matrix.transposed ? 1 : matrix.N, scaled);
  if (!refusal) replace_weights(work, id, 1, std::move(scaled), "");
  return refusal;
}

}  // namespace keel::folding
