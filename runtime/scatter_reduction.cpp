#include "runtime/scatter_reduction.h"

#include <type_traits>

#include "runtime/error.h"
#include "runtime/half.h"

namespace keel {
namespace {

// Sums and products of integers wrap, as unsigned ones do.
struct Add {
  template <typename T>
  static T apply(T a, T b) {
    if constexpr (std::is_integral_v<T>)
      return static_cast<T>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
    else
      return a + b;
  }
};
struct Mul {
  template <typename T>
  static T apply(T a, T b) {
    if constexpr (std::is_integral_v<T>)
      return static_cast<T>(static_cast<std::uint64_t>(a) * static_cast<std::uint64_t>(b));
    else
      return a * b;
  }
};
// NaN wins.
struct Min {
  template <typename T>
  static T apply(T a, T b) {
    return b < a || b != b ? b : a;
  }
};
struct Max {
  template <typename T>
  static T apply(T a, T b) {
    return b > a || b != b ? b : a;
  }
};

template <typename Op, typename T>
void combine(void* into, const void* update, std::int64_t n) {
  auto* a = static_cast<T*>(into);
  const auto* b = static_cast<const T*>(update);
  for (std::int64_t i = 0; i < n; ++i) a[i] = Op::apply(a[i], b[i]);
}

template <typename Op, float (*Widen)(std::uint16_t), std::uint16_t (*Narrow)(float)>
void combine_half(void* into, const void* update, std::int64_t n) {
  auto* a = static_cast<std::uint16_t*>(into);
  const auto* b = static_cast<const std::uint16_t*>(update);
  for (std::int64_t i = 0; i < n; ++i) a[i] = Narrow(Op::apply(Widen(a[i]), Widen(b[i])));
}

template <typename Op>
Combine combine_for(DataType type) {
  switch (type) {
    case DataType::Float:
      return combine<Op, float>;
    case DataType::Double:
      return combine<Op, double>;
    case DataType::Int8:
      return combine<Op, std::int8_t>;
    case DataType::Uint8:
      return combine<Op, std::uint8_t>;
    case DataType::Int16:
      return combine<Op, std::int16_t>;
    case DataType::Uint16:
      return combine<Op, std::uint16_t>;
    case DataType::Int32:
      return combine<Op, std::int32_t>;
    case DataType::Uint32:
      return combine<Op, std::uint32_t>;
    case DataType::Int64:
      return combine<Op, std::int64_t>;
    case DataType::Uint64:
      return combine<Op, std::uint64_t>;
    case DataType::Float16:
      return combine_half<Op, half_to_float, float_to_half>;
    case DataType::BFloat16:
      return combine_half<Op, bfloat16_to_float, float_to_bfloat16>;
    default:
      return nullptr;
  }
}

}  // namespace

Combine scatter_reduction(const Node& node, DataType type) {
  const std::string name = node.string_or("reduction", "none");
  if (name == "none") return nullptr;
  Combine combine = nullptr;
  if (name == "add") {
    combine = combine_for<Add>(type);
  } else if (name == "mul") {
    combine = combine_for<Mul>(type);
  } else if (name == "min") {
    combine = combine_for<Min>(type);
  } else if (name == "max") {
    combine = combine_for<Max>(type);
  } else {
    node.fail_attribute("reduction",
                        "expected none, add, mul, min or max, got '" + printable(name) + "'");
  }
  if (combine == nullptr)
    node.fail(ErrorCode::Unsupported,
              str("reduction '", name, "' of type ", data_type_name(type), " is not supported"));
  return combine;
}

}  // namespace keel
