// Copying between strided arrays: the one loop nest behind Transpose, Concat, Slice, Pad, Tile, ...
//
// A copy is described by sizes and two lists of strides. It is brought into its simplest form once:
// axes of size 1 dropped, axes that continue one another merged, short runs treated as one wider
// element. What is left is a run (memcpy), a fill (source stride 0), a transposition in tiles of
// cache lines (the source is contiguous along another axis), or a plain strided loop.
#pragma once

#include <cstring>
#include <vector>

#include "runtime/parallel.h"
#include "runtime/tensor.h"

namespace keel {

// Moves `bytes` bytes that do not overlap; fast for short runs.
inline void copy_bytes(std::byte* dst, const std::byte* src, std::int64_t bytes) {
  if (bytes < 4 || bytes > 128) {
    std::memcpy(dst, src, static_cast<std::size_t>(bytes));
  } else if (bytes < 8) {  // the ends of a run may be written twice
    std::memcpy(dst, src, 4);
    std::memcpy(dst + bytes - 4, src + bytes - 4, 4);
  } else if (bytes < 16) {
    std::memcpy(dst, src, 8);
    std::memcpy(dst + bytes - 8, src + bytes - 8, 8);
  } else {
    for (std::int64_t at = 0; at + 16 < bytes; at += 16) std::memcpy(dst + at, src + at, 16);
    std::memcpy(dst + bytes - 16, src + bytes - 16, 16);
  }
}

// A run of `count` elements of one type.
class RunCopy {
 public:
  RunCopy(DataType type, std::int64_t count)
      : string_(type == DataType::String),
        bytes_(count * static_cast<std::int64_t>(element_size(type))) {}
  std::int64_t bytes() const { return bytes_; }
  void operator()(void* dst, const void* src) const {
    auto* to = static_cast<std::byte*>(dst);
    const auto* from = static_cast<const std::byte*>(src);
    if (string_) return strings(to, from);
    switch (bytes_) {
      case 1:
        *to = *from;
        return;
      case 2:
        std::memcpy(to, from, 2);
        return;
      case 4:
        std::memcpy(to, from, 4);
        return;
      case 8:
        std::memcpy(to, from, 8);
        return;
      default:
        copy_bytes(to, from, bytes_);
    }
  }

 private:
  void strings(std::byte* dst, const std::byte* src) const;
  bool string_;
  std::int64_t bytes_;
};

class StridedCopy {
 public:
  StridedCopy() = default;
  // dst[dst_at + i . dst_strides] = src[src_at + i . src_strides] for every index i below dims, in
  // elements. Source strides may be zero or negative; no element of dst may be named twice. Types
  // of whole bytes, and String.
  StridedCopy(DataType type, const Shape& dims, const Shape& dst_strides, const Shape& src_strides,
              std::int64_t dst_at = 0, std::int64_t src_at = 0);

  // Does nothing where every element lies in its place already.
  void run(Parallel& parallel, void* dst, const void* src) const;

 private:
  struct Axis {
    std::int64_t size, dst, src;  // strides in bytes
  };
  // `count` steps along `second`, n elements along `last` at each.
  using Rows = void (*)(std::byte* dst, const std::byte* src, std::int64_t count,
                        const Axis& second, std::int64_t n, const Axis& last);
  using Strip = void (*)(std::byte* dst, std::int64_t dst_stride, const std::byte* src,
                         std::int64_t src_stride, std::int64_t height, std::int64_t width);
  class Odometer;

  static std::vector<Axis> merged(const Shape& dims, const Shape& dst_strides,
                                  const Shape& src_strides, std::int64_t element);
  void widen_element();
  void choose_loop(bool string);
  void use_strips(std::size_t rows_axis);
  void run_long_rows(Parallel& parallel, std::byte* dst, const std::byte* src) const;
  void run_short_rows(Parallel& parallel, std::byte* dst, const std::byte* src) const;
  void run_strips(Parallel& parallel, std::byte* dst, const std::byte* src) const;

  std::int64_t count_ = 0;                // of elements, after widening
  std::int64_t element_ = 0;              // bytes of one
  std::int64_t dst_at_ = 0, src_at_ = 0;  // bytes
  bool same_places_ = false;              // both strides agree on every axis
  std::vector<Axis> outer_;               // outermost first
  Axis second_ = {1, 0, 0};               // the last but one, where rows are short
  Axis last_ = {};
  Rows rows_ = nullptr;
  // Strips: along `down_` the source is contiguous, along `last_` the destination. outer_ counts
  // strips of down_ in its place, which is followed by `inner_units_` other units.
  Strip strip_ = nullptr;
  Axis down_ = {};
  std::int64_t strips_ = 1, strip_height_ = 0, units_ = 1, inner_units_ = 1;
};

}  // namespace keel
