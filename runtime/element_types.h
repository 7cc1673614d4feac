// Sets of element types as the operators' specifications name them, and the way from a DataType to
// the C++ type its elements have.
#pragma once

#include <cstdint>
#include <initializer_list>

#include "runtime/error.h"
#include "runtime/keel.h"

namespace keel {

using DataTypes = std::initializer_list<DataType>;

inline constexpr DataTypes kFloatTypes = {DataType::Float, DataType::Double, DataType::Float16,
                                          DataType::BFloat16};
inline constexpr DataTypes kIntegerTypes = {DataType::Int8,   DataType::Int16, DataType::Int32,
                                            DataType::Int64,  DataType::Uint8, DataType::Uint16,
                                            DataType::Uint32, DataType::Uint64};
inline constexpr DataTypes kNumericTypes = {DataType::Float,    DataType::Double, DataType::Float16,
                                            DataType::BFloat16, DataType::Int8,   DataType::Int16,
                                            DataType::Int32,    DataType::Int64,  DataType::Uint8,
                                            DataType::Uint16,   DataType::Uint32, DataType::Uint64};

template <typename T>
struct TypeTag {
  using type = T;
};

template <typename... Ts>
struct TypeList {};

using IntegerList = TypeList<std::int8_t, std::int16_t, std::int32_t, std::int64_t, std::uint8_t,
                             std::uint16_t, std::uint32_t, std::uint64_t>;
// What prepare and run see of kNumericTypes where half types go through float, without float.
using WideList = TypeList<double, std::int8_t, std::int16_t, std::int32_t, std::int64_t,
                          std::uint8_t, std::uint16_t, std::uint32_t, std::uint64_t>;
using NumericList = TypeList<float, double, std::int8_t, std::int16_t, std::int32_t, std::int64_t,
                             std::uint8_t, std::uint16_t, std::uint32_t, std::uint64_t>;

// choose(TypeTag<T>) for the T of the list that `type` names; types outside the list must have been
// refused by infer.
template <typename Choose, typename First, typename... Ts>
auto pick_type(TypeList<First, Ts...>, DataType type, Choose choose) {
  decltype(choose(TypeTag<First>{})) result{};
  bool found = false;
  const auto attempt = [&](auto tag) {
    if (detail::data_type_of<typename decltype(tag)::type>() != type) return;
    result = choose(tag);
    found = true;
  };
  attempt(TypeTag<First>{});
  (attempt(TypeTag<Ts>{}), ...);
  if (!found) throw Error(ErrorCode::Internal, str("no kernel for type ", data_type_name(type)));
  return result;
}

}  // namespace keel
