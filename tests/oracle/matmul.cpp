// MatMul, Gemm and the integer product.
#include "tests/oracle/broadcasting.h"

namespace keel::oracle {
namespace {

// out[m, n] = sum over k of a[m, k] * b[k, n], from offsets into the operands.
template <typename T>
void product(const T* a, const T* b, T* out, std::int64_t M, std::int64_t K, std::int64_t N) {
  for (std::int64_t m = 0; m < M; ++m)
    for (std::int64_t k = 0; k < K; ++k)
      for (std::int64_t n = 0; n < N; ++n) out[m * N + n] += a[m * K + k] * b[k * N + n];
}

Shape leading(const Shape& shape) { return Shape(shape.begin(), shape.end() - 2); }

// numpy.matmul: the last two axes are matrices, the others broadcast; a vector gains an axis of 1,
// which the result loses again.
Array matmul(const Call& c, Array a, Array b) {
  if (a.rank() == 0 || b.rank() == 0) c.bad("a scalar cannot be multiplied");
  if (a.type != b.type) c.bad("operands differ in type");
  const bool vector_a = a.rank() == 1, vector_b = b.rank() == 1;
  if (vector_a) a.shape.insert(a.shape.begin(), 1);
  if (vector_b) b.shape.push_back(1);
  const std::int64_t M = a.shape[a.rank() - 2], K = a.shape.back(), N = b.shape.back();
  if (b.shape[b.rank() - 2] != K) c.bad("inner sizes differ");
  Shape shape = broadcast(leading(a.shape), leading(b.shape));
  const Indices from_a = broadcast_map(leading(a.shape), shape);
  const Indices from_b = broadcast_map(leading(b.shape), shape);
  shape.push_back(M);
  shape.push_back(N);
  Array out(a.type, shape);
  for (std::size_t i = 0; i < from_a.size(); ++i) {
    const std::int64_t at_a = from_a[i] * M * K, at_b = from_b[i] * K * N;
    const std::int64_t at = static_cast<std::int64_t>(i) * M * N;
    if (out.is_real())
      product(a.reals.data() + at_a, b.reals.data() + at_b, out.reals.data() + at, M, K, N);
    else
      product(a.ints.data() + at_a, b.ints.data() + at_b, out.ints.data() + at, M, K, N);
  }
  for (std::int64_t& v : out.ints) v = wrap(out.type, v);
  if (vector_b) out.shape.pop_back();
  if (vector_a) out.shape.erase(out.shape.end() - (vector_b ? 1 : 2));
  return out;
}

Array transposed(const Array& x) {
  const std::int64_t rows = x.shape[0], columns = x.shape[1];
  Indices from;
  for (std::int64_t j = 0; j < columns; ++j)
    for (std::int64_t i = 0; i < rows; ++i) from.push_back(i * columns + j);
  return pick(x, {columns, rows}, from);
}

// alpha * A' * B' + beta * C
Arrays gemm(const Call& c) {
  if (c[0].rank() != 2 || c[1].rank() != 2) c.bad("Gemm takes matrices");
  const double alpha = c.node.float_or("alpha", 1), beta = c.node.float_or("beta", 1);
  Array out = matmul(c, c.node.int_or("transA", 0) ? transposed(c[0]) : c[0],
                     c.node.int_or("transB", 0) ? transposed(c[1]) : c[1]);
  const Indices from = c.has(2) ? broadcast_map(c[2].shape, out.shape) : Indices();
  for (std::int64_t i = 0; i < out.size(); ++i) {
    // A beta of 0 leaves C out, whatever it holds.
    const double extra = c.has(2) && beta != 0 ? beta * c[2].number(from[i]) : 0;
    out.set_number(i, alpha * out.number(i) + extra);
  }
  return {out};
}

// x - zero_point as int32; a zero point of rank 1 belongs to axis `axis` of x.
Array centred(const Array& x, const Array* zero_point, std::int64_t axis) {
  Array out(DataType::Int32, x.shape);
  Shape along(x.shape.size(), 1);
  if (zero_point && zero_point->size() > 1) along[axis] = zero_point->size();
  const Indices from = broadcast_map(along, x.shape);
  for (std::int64_t i = 0; i < x.size(); ++i)
    out.ints[i] = x.ints[i] - (zero_point ? zero_point->ints[from[i]] : 0);
  return out;
}

Arrays matmul_integer(const Call& c) {
  const Array a = centred(c[0], c.has(2) ? &c[2] : nullptr, c[0].rank() - 2);
  const Array b = centred(c[1], c.has(3) ? &c[3] : nullptr, c[1].rank() - 1);
  return {matmul(c, a, b)};
}

}  // namespace

void add_matmuls(Table& table) {
  table["MatMul"] = [](const Call& c) -> Arrays { return {matmul(c, c[0], c[1])}; };
  table["MatMulInteger"] = matmul_integer;
  table["Gemm"] = gemm;
}

}  // namespace keel::oracle
