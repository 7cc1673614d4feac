// TopK: the k largest (or smallest) elements along `axis`, in order, and their indices. Of equal
// elements the lower index comes first; NaN counts as larger than every number.
#include <algorithm>
#include <cstring>
#include <limits>

#include "runtime/error.h"
#include "runtime/indices.h"
#include "runtime/movement.h"

namespace keel::ops {
namespace {

// Compares as the element does, or the other way round where the largest come first.
struct Entry {
  std::uint64_t key;
  std::int64_t index;
  bool operator<(const Entry& other) const {
    return key != other.key ? key < other.key : index < other.index;
  }
};

// An IEEE number with its sign in bit `sign`, as an unsigned integer of the same order.
std::uint64_t ordered_float(std::uint64_t bits, int sign, std::uint64_t infinity) {
  const std::uint64_t top = std::uint64_t{1} << sign, magnitude = bits & (top - 1);
  if (magnitude > infinity) return ~std::uint64_t{0};            // NaN
  return (bits & top) != 0 ? top - magnitude : top + magnitude;  // -0 and 0 are equal
}

template <typename T>
std::uint64_t key_of(T value) {
  if constexpr (std::is_signed_v<T>)
    return static_cast<std::uint64_t>(static_cast<std::int64_t>(value)) ^ (std::uint64_t{1} << 63);
  else
    return value;
}

template <typename Bits, int Sign, std::uint64_t Infinity>
struct Float {
  using Stored = Bits;
  static std::uint64_t key(Bits bits) { return ordered_float(bits, Sign, Infinity); }
};
template <typename T>
struct Integer {
  using Stored = T;
  static std::uint64_t key(T value) { return key_of(value); }
};

template <typename Kind>
void fill_entries(const std::byte* x, std::int64_t stride, bool largest, Entry* entries,
                  std::int64_t n) {
  const std::uint64_t flip = largest ? ~std::uint64_t{0} : 0;
  for (std::int64_t i = 0; i < n; ++i) {
    typename Kind::Stored value;
    std::memcpy(&value, x + i * stride, sizeof(value));
    entries[i] = {Kind::key(value) ^ flip, i};
  }
}

using FillEntries = void (*)(const std::byte*, std::int64_t, bool, Entry*, std::int64_t);

FillEntries entries_of(DataType type) {
  switch (type) {
    case DataType::Float:
      return fill_entries<Float<std::uint32_t, 31, 0x7f800000>>;
    case DataType::Double:
      return fill_entries<Float<std::uint64_t, 63, 0x7ff0000000000000>>;
    case DataType::Float16:
      return fill_entries<Float<std::uint16_t, 15, 0x7c00>>;
    case DataType::BFloat16:
      return fill_entries<Float<std::uint16_t, 15, 0x7f80>>;
    case DataType::Int8:
      return fill_entries<Integer<std::int8_t>>;
    case DataType::Uint8:
      return fill_entries<Integer<std::uint8_t>>;
    case DataType::Int16:
      return fill_entries<Integer<std::int16_t>>;
    case DataType::Uint16:
      return fill_entries<Integer<std::uint16_t>>;
    case DataType::Int32:
      return fill_entries<Integer<std::int32_t>>;
    case DataType::Uint32:
      return fill_entries<Integer<std::uint32_t>>;
    case DataType::Int64:
      return fill_entries<Integer<std::int64_t>>;
    case DataType::Uint64:
      return fill_entries<Integer<std::uint64_t>>;
    default:
      return nullptr;
  }
}

void infer(InferContext& context) {
  const Node& node = context.node;
  if (entries_of(context.type(0)) == nullptr)
    node.fail(ErrorCode::Unsupported,
              str("input 0: type ", data_type_name(context.type(0)), " is not supported"));
  if (list_length(context, 1) > 1) node.fail(ErrorCode::BadInput, "K: expected one element");
  const std::int64_t axis = context.axis(node.int_or("axis", -1), context.rank(0));
  Shape dims = context.input(0).dims;
  Dim& dim = dims[static_cast<std::size_t>(axis)];
  const auto K = context.ints(1);
  if (K && K->size() != 1) node.fail(ErrorCode::BadInput, "K: expected one element");
  if (K && (K->front() < 0 || (dim >= 0 && K->front() > dim)))
    node.fail(ErrorCode::BadInput,
              str("K: expected 0 to ", dim, ", the size of axis ", axis, ", got ", K->front()));
  dim = K ? K->front() : kUnknownDim;
  context.set_output(0, context.type(0), dims);
  context.set_output(1, DataType::Int64, dims);
}

struct Rows {
  std::int64_t n, k, inner;  // x is [outer, n, inner], y [outer, k, inner]
  std::int64_t element;      // bytes
  bool largest;
  FillEntries fill;
};

void select(const Rows& rows, Entry* entries, RunContext& context, std::int64_t row) {
  const std::int64_t outer = row / rows.inner, inner = row % rows.inner;
  const std::byte* x =
      context.in<std::byte>(0) + (outer * rows.n * rows.inner + inner) * rows.element;
  const std::int64_t stride = rows.inner * rows.element;
  rows.fill(x, stride, rows.largest, entries, rows.n);
  if (rows.k <= rows.n / 8) {
    std::partial_sort(entries, entries + rows.k, entries + rows.n);
  } else {
    if (rows.k < rows.n) std::nth_element(entries, entries + rows.k, entries + rows.n);
    std::sort(entries, entries + rows.k);
  }
  const std::int64_t at = outer * rows.k * rows.inner + inner;
  for (std::int64_t i = 0; i < rows.k; ++i) {
    const std::int64_t to = at + i * rows.inner;
    if (context.has_output(0))
      std::memcpy(context.out<std::byte>(0) + to * rows.element, x + entries[i].index * stride,
                  static_cast<std::size_t>(rows.element));
    if (context.has_output(1)) context.out<std::int64_t>(1)[to] = entries[i].index;
  }
}

Kernel prepare(const PrepareContext& context) {
  const TensorRef& x = context.inputs[0];
  std::int64_t axis = context.node.int_or("axis", -1);
  if (axis < 0) axis += static_cast<std::int64_t>(x.dims.size());
  const auto at = static_cast<std::size_t>(axis);
  const std::int64_t k = known_ints(context, 1)[0];
  const std::int64_t inner = product(x.dims, at + 1, x.dims.size());
  const std::int64_t count = product(x.dims, 0, at) * inner;
  const Rows rows{x.dims[at],
                  k,
                  inner,
                  static_cast<std::int64_t>(element_size(x.type)),
                  context.node.int_or("largest", 1) != 0,
                  entries_of(x.type)};
  Kernel kernel;
  kernel.name = "top k";
  kernel.scratch_per_thread =
      static_cast<std::size_t>(checked_mul(rows.n, static_cast<std::int64_t>(sizeof(Entry))));
  kernel.run = [rows, count](RunContext& context) {
    if (rows.k == 0) return;
    const std::int64_t group = std::max<std::int64_t>((8 << 10) / rows.n, 1);
    context.parallel.chunks((count + group - 1) / group, [&](std::int64_t chunk, int thread) {
      auto* entries = reinterpret_cast<Entry*>(context.scratch(thread));
      for (std::int64_t row = chunk * group; row < std::min(count, (chunk + 1) * group); ++row)
        select(rows, entries, context, row);
    });
  };
  return kernel;
}

}  // namespace

void top_k(OpTable& table) {
  OpDef def;
  def.name = "TopK";
  def.infer = infer;
  def.prepare = prepare;
  table.add(def);
}

}  // namespace keel::ops
