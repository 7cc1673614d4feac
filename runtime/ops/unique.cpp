// Unique: the distinct elements, or the distinct slices along `axis`, sorted or in order of their
// first occurrence; where each occurs first, which of them every input slice is, and how often.
#include <algorithm>
#include <cstring>
#include <numeric>

#include "runtime/error.h"
#include "runtime/half.h"
#include "runtime/op.h"
#include "runtime/strided.h"

namespace keel::ops {
namespace {

// -1, 0 or 1 as elements i and j compare; NaN is equal to itself and larger than every number.
using Compare = int (*)(const void* data, std::int64_t i, std::int64_t j);

template <typename T>
int order(const T& a, const T& b) {
  if constexpr (std::is_floating_point_v<T>) {
    if (a != a || b != b) return (a != a) - (b != b);
  }
  return (b < a) - (a < b);
}

template <typename T>
int compare(const void* data, std::int64_t i, std::int64_t j) {
  return order(static_cast<const T*>(data)[i], static_cast<const T*>(data)[j]);
}

template <float (*Widen)(std::uint16_t)>
int compare_half(const void* data, std::int64_t i, std::int64_t j) {
  const auto* values = static_cast<const std::uint16_t*>(data);
  return order(Widen(values[i]), Widen(values[j]));
}

Compare compare_of(DataType type) {
  switch (type) {
    case DataType::Float:
      return compare<float>;
    case DataType::Double:
      return compare<double>;
    case DataType::Float16:
      return compare_half<half_to_float>;
    case DataType::BFloat16:
      return compare_half<bfloat16_to_float>;
    case DataType::Int8:
      return compare<std::int8_t>;
    case DataType::Bool:
    case DataType::Uint8:
      return compare<std::uint8_t>;
    case DataType::Int16:
      return compare<std::int16_t>;
    case DataType::Uint16:
      return compare<std::uint16_t>;
    case DataType::Int32:
      return compare<std::int32_t>;
    case DataType::Uint32:
      return compare<std::uint32_t>;
    case DataType::Int64:
      return compare<std::int64_t>;
    case DataType::Uint64:
      return compare<std::uint64_t>;
    case DataType::String:
      return compare<std::string>;
    default:
      return nullptr;
  }
}

void infer(InferContext& context) {
  if (compare_of(context.type(0)) == nullptr)
    context.node.fail(ErrorCode::Unsupported,
                      str("input 0: type ", data_type_name(context.type(0)), " is not supported"));
  Shape dims = {kUnknownDim};
  Dim inverse = context.input(0).is_static() ? element_count(context.input(0).dims) : kUnknownDim;
  if (context.node.has("axis")) {
    const std::int64_t axis = context.axis(context.node.int_or("axis", 0), context.rank(0));
    dims = context.input(0).dims;
    inverse = dims[static_cast<std::size_t>(axis)];
    dims[static_cast<std::size_t>(axis)] = kUnknownDim;
  }
  context.set_output(0, context.type(0), dims);
  context.set_output(1, DataType::Int64, {kUnknownDim});
  context.set_output(2, DataType::Int64, {inverse});
  context.set_output(3, DataType::Int64, {kUnknownDim});
}

// x seen as [outer, size, inner]; slice s is x[:, s, :].
struct Slices {
  const void* data;
  Compare compare;
  std::int64_t outer, size, inner;

  int operator()(std::int64_t a, std::int64_t b) const {
    for (std::int64_t o = 0; o < outer; ++o)
      for (std::int64_t i = 0; i < inner; ++i)
        if (const int c = compare(data, (o * size + a) * inner + i, (o * size + b) * inner + i))
          return c;
    return 0;
  }
};

struct Found {
  std::vector<std::int64_t> first, counts;  // by distinct slice
  std::vector<std::int64_t> inverse;        // by slice of x
};

Found find(const Slices& slices, bool sorted) {
  const auto size = static_cast<std::size_t>(slices.size);
  std::vector<std::int64_t> order(size);
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) {
    const int c = slices(a, b);
    return c != 0 ? c < 0 : a < b;
  });
  Found found;
  found.inverse.resize(size);
  for (std::size_t k = 0; k < size; ++k) {
    if (k == 0 || slices(order[k - 1], order[k]) != 0) {
      found.first.push_back(order[k]);
      found.counts.push_back(0);
    }
    ++found.counts.back();
    found.inverse[static_cast<std::size_t>(order[k])] =
        static_cast<std::int64_t>(found.first.size()) - 1;
  }
  if (sorted) return found;
  // By first occurrence: place[old] = new.
  std::vector<std::int64_t> by_first(found.first.size()), place(found.first.size());
  std::iota(by_first.begin(), by_first.end(), 0);
  std::sort(by_first.begin(), by_first.end(), [&](std::int64_t a, std::int64_t b) {
    return found.first[static_cast<std::size_t>(a)] < found.first[static_cast<std::size_t>(b)];
  });
  Found result;
  for (std::int64_t old : by_first) {
    place[static_cast<std::size_t>(old)] = static_cast<std::int64_t>(result.first.size());
    result.first.push_back(found.first[static_cast<std::size_t>(old)]);
    result.counts.push_back(found.counts[static_cast<std::size_t>(old)]);
  }
  for (std::int64_t old : found.inverse)
    result.inverse.push_back(place[static_cast<std::size_t>(old)]);
  return result;
}

void give(RunContext& context, std::size_t output, const std::vector<std::int64_t>& values) {
  if (!context.has_output(output)) return;
  context.allocate_output(output, {static_cast<std::int64_t>(values.size())});
  std::copy(values.begin(), values.end(), context.out<std::int64_t>(output));
}

void run(RunContext& context) {
  const TensorRef& x = context.input(0);
  Shape dims = {x.size()};
  std::size_t at = 0;
  if (context.node.has("axis")) {
    const std::int64_t axis = context.node.int_or("axis", 0);
    dims = x.dims;
    at = static_cast<std::size_t>(axis < 0 ? axis + static_cast<std::int64_t>(dims.size()) : axis);
  }
  const Slices slices{x.data, compare_of(x.type), product(dims, 0, at), dims[at],
                      product(dims, at + 1, dims.size())};
  const Found found = find(slices, context.node.int_or("sorted", 1) != 0);
  dims[at] = static_cast<std::int64_t>(found.first.size());
  context.allocate_output(0, dims);
  const RunCopy copy(x.type, slices.inner);
  auto* to = context.out<std::byte>(0);
  for (std::int64_t o = 0; o < slices.outer && copy.bytes() > 0; ++o)
    for (std::int64_t slice : found.first) {
      copy(to, x.as<std::byte>() + (o * slices.size + slice) * copy.bytes());
      to += copy.bytes();
    }
  give(context, 1, found.first);
  give(context, 2, found.inverse);
  give(context, 3, found.counts);
}

Kernel prepare(const PrepareContext&) {
  Kernel kernel;
  kernel.name = "unique";
  kernel.run = run;
  return kernel;
}

}  // namespace

void unique(OpTable& table) {
  OpDef def;
  def.name = "Unique";
  def.infer = infer;
  def.prepare = prepare;
  table.add(def);
}

}  // namespace keel::ops
