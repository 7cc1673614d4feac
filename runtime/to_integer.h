// From floating-point numbers to integers, defined for every value.
#pragma once

#include <cstdint>
#include <limits>
#include <type_traits>

namespace keel {

// Truncates. Beyond the range of int64 (uint64 for a uint64 result) the nearest bound; NaN gives 0.
// int32 keeps to its own bounds; narrower types and uint32 keep the low bits of the int64, as
// integers do among themselves: -1.0 is uint8 255.
template <typename T, typename F>
T to_integer(F x) {
  static_assert(std::is_integral_v<T> && std::is_floating_point_v<F>);
  using Wide =
      std::conditional_t<std::is_same_v<T, std::uint64_t> || std::is_same_v<T, std::int32_t>, T,
                         std::int64_t>;
  constexpr Wide kLowest = std::numeric_limits<Wide>::min();
  constexpr Wide kHighest = std::numeric_limits<Wide>::max();
  // 2^31, 2^63 or 2^64, which every F represents.
  constexpr F kEnd = static_cast<F>(kHighest / 2 + 1) * 2;
  if (!(x < kEnd)) return x == x ? static_cast<T>(kHighest) : T{0};
  if constexpr (std::is_same_v<T, std::uint64_t>) {
    // Negative ones wrap like those of the other unsigned types.
    if (x <= -1) return static_cast<T>(to_integer<std::int64_t>(x));
  } else {
    if (x < static_cast<F>(kLowest)) return static_cast<T>(kLowest);
  }
  return static_cast<T>(static_cast<Wide>(x));
}

}  // namespace keel
