// Reshape: the same elements under another shape. A 0 copies the input's dim (unless allowzero),
// one -1 stands for what is left.
#include <algorithm>

#include "runtime/dims.h"
#include "runtime/error.h"
#include "runtime/indices.h"

namespace keel::ops {
namespace {

// What is left of a product of dims after those common to both sides are struck out.
struct Product {
  std::int64_t size = 1;
  std::vector<Dim> symbols;
  bool unknown = false;  // contains a kUnknownDim

  explicit Product(const Shape& dims) {
    for (Dim dim : dims) {
      if (dim >= 0)
        size = dim_mul(size, dim);
      else if (dim == kUnknownDim)
        unknown = true;
      else
        symbols.push_back(dim);
    }
  }
};

void strike_common(std::vector<Dim>& a, std::vector<Dim>& b) {
  for (auto it = a.begin(); it != a.end();) {
    const auto twin = std::find(b.begin(), b.end(), *it);
    if (twin == b.end()) {
      ++it;
    } else {
      b.erase(twin);
      it = a.erase(it);
    }
  }
}

// The dim that makes `rest` times it equal to `whole`, where that can be told.
Dim missing_dim(const Node& node, Shape whole, Shape rest) {
  strike_common(whole, rest);  // [0, 512] to [0, -1] is [0, 512]
  Product from(whole), to(rest);
  if (from.unknown || to.unknown || !to.symbols.empty()) return kUnknownDim;
  const auto clash = [&] {
    node.fail(ErrorCode::BadInput,
              str("cannot infer -1: ", from.size, " elements in groups of ", to.size));
  };
  if (from.symbols.empty()) {
    if (to.size == 0 || from.size % to.size != 0) clash();
    return from.size / to.size;
  }
  return from.symbols.size() == 1 && from.size == to.size ? from.symbols[0] : kUnknownDim;
}

void check_sizes(const Node& node, Shape from, Shape to) {
  const Shape input = from, output = to;
  strike_common(from, to);
  const Product a(from), b(to);
  if (a.unknown || b.unknown || !a.symbols.empty() || !b.symbols.empty()) return;
  if (a.size != b.size)
    node.fail(ErrorCode::BadInput, "cannot reshape " + to_string(input) + " to " +
                                       to_string(output) + ": the numbers of elements differ");
}

void infer(InferContext& context) {
  const Node& node = context.node;
  const Dim length = list_length(context, 1);
  const auto asked = context.ints(1);
  if (!asked) {
    if (length < 0) return context.set_unranked(0, context.type(0));
    if (length > static_cast<Dim>(kRankLimit))
      node.fail(ErrorCode::Unsupported, str("shape: ", length, " dims are too many"));
    return context.set_output(0, context.type(0),
                              Shape(static_cast<std::size_t>(length), kUnknownDim));
  }
  const bool allow_zero = node.int_or("allowzero", 0) != 0;
  const Shape& from = context.input(0).dims;
  Shape dims = *asked, known;
  std::size_t missing = dims.size();
  for (std::size_t k = 0; k < dims.size(); ++k) {
    if (dims[k] < -1) node.fail(ErrorCode::BadInput, str("shape: ", dims[k], " is no size"));
    if (dims[k] == -1 && missing < dims.size())
      node.fail(ErrorCode::BadInput, "shape: more than one -1 in " + to_string(dims));
    if (dims[k] == -1) {
      missing = k;
      continue;
    }
    if (dims[k] == 0 && !allow_zero) {
      if (k >= from.size())
        node.fail(ErrorCode::BadInput,
                  str("shape: the 0 at ", k, " has no dim to copy in ", to_string(from)));
      dims[k] = from[k];
    }
    known.push_back(dims[k]);
  }
  if (allow_zero && missing < dims.size() &&
      std::find(known.begin(), known.end(), 0) != known.end())
    node.fail(ErrorCode::BadInput, "shape: -1 beside 0 with allowzero in " + to_string(*asked));
  if (missing < dims.size())
    dims[missing] = missing_dim(node, from, known);
  else
    check_sizes(node, from, dims);
  context.set_output(0, context.type(0), std::move(dims));
}

}  // namespace

void reshape(OpTable& table) {
  OpDef def;
  def.name = "Reshape";
  def.infer = infer;
  def.view = true;
  table.add(def);
}

}  // namespace keel::ops
