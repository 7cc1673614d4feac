#include "runtime/strided.h"

#include <algorithm>
#include <string>

#include "runtime/tile_transpose.h"

namespace keel {
namespace {

constexpr std::int64_t kGrainBytes = 128 << 10;  // of one chunk: some 10 us of copying
constexpr std::int64_t kLongRow = 2048;          // bytes

// The innermost loops: n elements along one axis.
struct Contiguous {
  template <typename Axis>
  static void row(std::byte* dst, const std::byte* src, std::int64_t n, const Axis& axis) {
    copy_bytes(dst, src, n * axis.dst);
  }
};

template <std::size_t Size>
struct Strided {
  template <typename Axis>
  static void row(std::byte* dst, const std::byte* src, std::int64_t n, const Axis& axis) {
    for (std::int64_t i = 0; i < n; ++i) std::memcpy(dst + i * axis.dst, src + i * axis.src, Size);
  }
};

inline void every_second(std::byte* dst, const std::byte* src) {
  tile::Quads a, b;
  std::memcpy(&a, src, 16);
  std::memcpy(&b, src + 16, 16);
  const tile::Quads even = __builtin_shufflevector(a, b, 0, 2, 4, 6);
  std::memcpy(dst, &even, 16);
}

template <std::size_t Size>
struct Gathered {  // the destination is contiguous
  template <typename Axis>
  static void row(std::byte* dst, const std::byte* src, std::int64_t n, const Axis& axis) {
    const std::int64_t stride = axis.src;
    std::int64_t i = 0;
    if (Size == 4 && stride == 8)  // every second float; the last vector would read beyond the end
      for (; i + 4 < n; i += 4) every_second(dst + i * 4, src + i * 8);
    for (; i < n; ++i)
      std::memcpy(dst + i * static_cast<std::int64_t>(Size), src + i * stride, Size);
  }
};

template <std::size_t Size>
struct Fill {
  template <typename Axis>
  static void row(std::byte* dst, const std::byte* src, std::int64_t n, const Axis&) {
    std::byte value[Size];
    std::memcpy(value, src, Size);
    for (std::int64_t i = 0; i < n; ++i)
      std::memcpy(dst + i * static_cast<std::int64_t>(Size), value, Size);
  }
};

struct Strings {
  template <typename Axis>
  static void row(std::byte* dst, const std::byte* src, std::int64_t n, const Axis& axis) {
    for (std::int64_t i = 0; i < n; ++i)
      *reinterpret_cast<std::string*>(dst + i * axis.dst) =
          *reinterpret_cast<const std::string*>(src + i * axis.src);
  }
};

template <typename Kind, typename Axis>
void rows(std::byte* dst, const std::byte* src, std::int64_t count, const Axis& second,
          std::int64_t n, const Axis& last) {
  for (std::int64_t i = 0; i < count; ++i)
    Kind::row(dst + i * second.dst, src + i * second.src, n, last);
}

// A loop's instance for the size of an element.
#define KEEL_BY_SIZE(size, instance) \
  ((size) == 1   ? instance(1)       \
   : (size) == 2 ? instance(2)       \
   : (size) == 4 ? instance(4)       \
   : (size) == 8 ? instance(8)       \
                 : instance(16))
#define KEEL_STRIDED(size) rows<Strided<size>, Axis>
#define KEEL_GATHERED(size) rows<Gathered<size>, Axis>
#define KEEL_FILL(size) rows<Fill<size>, Axis>
#define KEEL_STRIP(size) transpose_strip<size>

}  // namespace

void RunCopy::strings(std::byte* dst, const std::byte* src) const {
  const auto count = bytes_ / static_cast<std::int64_t>(sizeof(std::string));
  std::copy_n(reinterpret_cast<const std::string*>(src), count,
              reinterpret_cast<std::string*>(dst));
}

// Walks the axes given, outermost first, and keeps both offsets.
class StridedCopy::Odometer {
 public:
  Odometer(const std::vector<Axis>& axes, std::int64_t start) : axes_(axes) {
    for (std::size_t k = axes_.size(); k-- > 0;) {
      index_[k] = start % axes_[k].size;
      start /= axes_[k].size;
      dst += index_[k] * axes_[k].dst;
      src += index_[k] * axes_[k].src;
    }
  }
  void next() {
    for (std::size_t k = axes_.size(); k-- > 0;) {
      dst += axes_[k].dst;
      src += axes_[k].src;
      if (++index_[k] < axes_[k].size) return;
      dst -= axes_[k].size * axes_[k].dst;
      src -= axes_[k].size * axes_[k].src;
      index_[k] = 0;
    }
  }
  std::int64_t dst = 0, src = 0;

 private:
  const std::vector<Axis>& axes_;
  std::int64_t index_[64];  // sizes >= 2 whose product fits into 63 bits: fewer than 64 axes
};

StridedCopy::StridedCopy(DataType type, const Shape& dims, const Shape& dst_strides,
                         const Shape& src_strides, std::int64_t dst_at, std::int64_t src_at)
    : count_(element_count(dims)), element_(static_cast<std::int64_t>(element_size(type))) {
  if (count_ == 0) return;
  dst_at_ = dst_at * element_;
  src_at_ = src_at * element_;
  outer_ = merged(dims, dst_strides, src_strides, element_);
  last_ = outer_.back();
  outer_.pop_back();
  same_places_ =
      last_.dst == last_.src && std::all_of(outer_.begin(), outer_.end(),
                                            [](const Axis& axis) { return axis.dst == axis.src; });
  const bool string = type == DataType::String;
  if (!string) widen_element();
  choose_loop(string);
}

std::vector<StridedCopy::Axis> StridedCopy::merged(const Shape& dims, const Shape& dst_strides,
                                                   const Shape& src_strides, std::int64_t element) {
  std::vector<Axis> axes;  // innermost first, turned round at the end
  for (std::size_t k = dims.size(); k-- > 0;) {
    if (dims[k] == 1) continue;
    const Axis axis{dims[k], dst_strides[k] * element, src_strides[k] * element};
    if (!axes.empty() && axis.dst == axes.back().dst * axes.back().size &&
        axis.src == axes.back().src * axes.back().size)
      axes.back().size *= axis.size;
    else
      axes.push_back(axis);
  }
  if (axes.empty()) axes.push_back({1, element, element});
  std::reverse(axes.begin(), axes.end());
  return axes;
}

// [.., n] with runs of 2, 4, 8 or 16 bytes is [..] with elements of that size.
void StridedCopy::widen_element() {
  const std::int64_t bytes = last_.size * element_;
  if (outer_.empty() || last_.dst != element_ || last_.src != element_ || bytes > 16 ||
      (bytes & (bytes - 1)) != 0)
    return;
  count_ /= last_.size;
  element_ = bytes;
  last_ = outer_.back();
  outer_.pop_back();
}

void StridedCopy::choose_loop(bool string) {
  const bool dense = last_.dst == element_;
  if (string) {
    rows_ = rows<Strings, Axis>;
  } else if (dense && last_.src == element_) {
    rows_ = rows<Contiguous, Axis>;
  } else if (dense && last_.src == 0) {
    rows_ = KEEL_BY_SIZE(element_, KEEL_FILL);
  } else if (dense) {
    for (std::size_t k = 0; k < outer_.size(); ++k)
      if (outer_[k].src == element_) return use_strips(k);
    rows_ = KEEL_BY_SIZE(element_, KEEL_GATHERED);
  } else {
    rows_ = KEEL_BY_SIZE(element_, KEEL_STRIDED);
  }
  if (outer_.empty() || last_.size * element_ >= kLongRow) return;
  second_ = outer_.back();
  outer_.pop_back();
}

// A strip is some cache lines of the source along `down_`, and all of the last axis.
void StridedCopy::use_strips(std::size_t rows_axis) {
  strip_ = KEEL_BY_SIZE(element_, KEEL_STRIP);
  down_ = outer_[rows_axis];
  strip_height_ = kLineBytes / element_ *
                  std::max<std::int64_t>(256 / std::min<std::int64_t>(last_.size, 256), 1);
  strips_ = (down_.size + strip_height_ - 1) / strip_height_;
  outer_[rows_axis] = {strips_, down_.dst * strip_height_, down_.src * strip_height_};
  for (std::size_t k = 0; k < outer_.size(); ++k) {
    units_ *= outer_[k].size;
    if (k > rows_axis) inner_units_ *= outer_[k].size;
  }
}

void StridedCopy::run(Parallel& parallel, void* dst, const void* src) const {
  if (count_ == 0) return;
  auto* to = static_cast<std::byte*>(dst) + dst_at_;
  const auto* from = static_cast<const std::byte*>(src) + src_at_;
  if (same_places_ && to == from) return;
  if (strip_ != nullptr)
    run_strips(parallel, to, from);
  else if (last_.size * element_ >= kLongRow || (outer_.empty() && second_.size == 1))
    run_long_rows(parallel, to, from);
  else
    run_short_rows(parallel, to, from);
}

// Chunks are ranges of elements, so that one long row is split as well.
void StridedCopy::run_long_rows(Parallel& parallel, std::byte* dst, const std::byte* src) const {
  parallel.ranges(count_, kGrainBytes / element_, [&](std::int64_t begin, std::int64_t end) {
    Odometer at(outer_, begin / last_.size);
    std::int64_t skip = begin % last_.size;
    while (begin < end) {
      const std::int64_t n = std::min(last_.size - skip, end - begin);
      rows_(dst + at.dst + skip * last_.dst, src + at.src + skip * last_.src, 1, second_, n, last_);
      begin += n;
      skip = 0;
      at.next();
    }
  });
}

// Chunks are ranges of rows.
void StridedCopy::run_short_rows(Parallel& parallel, std::byte* dst, const std::byte* src) const {
  const std::int64_t grain = std::max<std::int64_t>(kGrainBytes / (last_.size * element_), 1);
  parallel.ranges(count_ / last_.size, grain, [&](std::int64_t begin, std::int64_t end) {
    Odometer at(outer_, begin / second_.size);
    std::int64_t skip = begin % second_.size;
    while (begin < end) {
      const std::int64_t n = std::min(second_.size - skip, end - begin);
      rows_(dst + at.dst + skip * second_.dst, src + at.src + skip * second_.src, n, second_,
            last_.size, last_);
      begin += n;
      skip = 0;
      at.next();
    }
  });
}

// A unit is one strip by at most kColumns columns.
void StridedCopy::run_strips(Parallel& parallel, std::byte* dst, const std::byte* src) const {
  constexpr std::int64_t kColumns = 512;
  const std::int64_t pieces = (last_.size + kColumns - 1) / kColumns;
  const std::int64_t unit_bytes = count_ / (units_ * pieces) * element_ + 1;
  const std::int64_t grain = std::max<std::int64_t>(kGrainBytes / unit_bytes, 1);
  parallel.ranges(units_ * pieces, grain, [&](std::int64_t begin, std::int64_t end) {
    std::int64_t unit = begin / pieces;
    Odometer at(outer_, unit);
    for (std::int64_t piece = begin % pieces; begin < end; ++begin) {
      const std::int64_t strip = unit / inner_units_ % strips_, column = piece * kColumns;
      strip_(dst + at.dst + column * last_.dst, down_.dst, src + at.src + column * last_.src,
             last_.src, std::min(strip_height_, down_.size - strip * strip_height_),
             std::min(kColumns, last_.size - column));
      if (++piece < pieces) continue;
      piece = 0;
      ++unit;
      at.next();
    }
  });
}

}  // namespace keel
