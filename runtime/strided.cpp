#include "runtime/strided.h"

#include <algorithm>
#include <string>

namespace keel {
namespace {

constexpr std::int64_t kGrainBytes = 128 << 10;  // of one chunk: some 10 us of copying
constexpr std::int64_t kLine = 64;

template <std::size_t Size>
inline void move(std::byte* dst, const std::byte* src) {
  std::memcpy(dst, src, Size);
}

typedef std::uint32_t Quad __attribute__((vector_size(16)));

// dst[r][c] = src[c][r] for a square of four 4-byte elements.
inline void transpose4(std::byte* dst, std::int64_t dst_stride, const std::byte* src,
                       std::int64_t src_stride) {
  Quad a, b, c, d;
  std::memcpy(&a, src, 16);
  std::memcpy(&b, src + src_stride, 16);
  std::memcpy(&c, src + 2 * src_stride, 16);
  std::memcpy(&d, src + 3 * src_stride, 16);
  const Quad ab_low = __builtin_shufflevector(a, b, 0, 4, 1, 5);
  const Quad ab_high = __builtin_shufflevector(a, b, 2, 6, 3, 7);
  const Quad cd_low = __builtin_shufflevector(c, d, 0, 4, 1, 5);
  const Quad cd_high = __builtin_shufflevector(c, d, 2, 6, 3, 7);
  const Quad rows[4] = {__builtin_shufflevector(ab_low, cd_low, 0, 1, 4, 5),
                        __builtin_shufflevector(ab_low, cd_low, 2, 3, 6, 7),
                        __builtin_shufflevector(ab_high, cd_high, 0, 1, 4, 5),
                        __builtin_shufflevector(ab_high, cd_high, 2, 3, 6, 7)};
  for (int r = 0; r < 4; ++r) std::memcpy(dst + r * dst_stride, &rows[r], 16);
}

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

namespace {

// The innermost loops. n elements along the last axis.
template <typename Axis>
void copy_contiguous(std::byte* dst, const std::byte* src, std::int64_t n, const Axis& axis) {
  copy_bytes(dst, src, n * axis.dst);
}

template <std::size_t Size, typename Axis>
void copy_strided(std::byte* dst, const std::byte* src, std::int64_t n, const Axis& axis) {
  const std::int64_t to = axis.dst, from = axis.src;
  if (to == static_cast<std::int64_t>(Size))
    for (std::int64_t i = 0; i < n; ++i) move<Size>(dst + i * Size, src + i * from);
  else
    for (std::int64_t i = 0; i < n; ++i) move<Size>(dst + i * to, src + i * from);
}

template <std::size_t Size, typename Axis>
void fill(std::byte* dst, const std::byte* src, std::int64_t n, const Axis&) {
  std::byte value[Size];
  std::memcpy(value, src, Size);
  for (std::int64_t i = 0; i < n; ++i) move<Size>(dst + i * Size, value);
}

template <typename Axis>
void copy_strings(std::byte* dst, const std::byte* src, std::int64_t n, const Axis& axis) {
  for (std::int64_t i = 0; i < n; ++i)
    *reinterpret_cast<std::string*>(dst + i * axis.dst) =
        *reinterpret_cast<const std::string*>(src + i * axis.src);
}

// dst[r][c] = src[c][r]; the source is contiguous along r, the destination along c.
template <std::size_t Size, typename Axis>
void transpose_tiles(std::byte* dst, const std::byte* src, const Axis& rows, const Axis& columns) {
  constexpr std::int64_t kTile = std::max<std::int64_t>(kLine / Size, 8);
  const std::int64_t size = Size;
  for (std::int64_t begin = 0; begin < columns.size; begin += kTile) {
    const std::int64_t width = std::min(kTile, columns.size - begin);
    std::byte* to = dst + begin * size;
    const std::byte* from = src + begin * columns.src;
    std::int64_t r = 0;
    if constexpr (Size == 4) {
      for (; r + 4 <= rows.size; r += 4) {
        std::int64_t c = 0;
        for (; c + 4 <= width; c += 4)
          transpose4(to + r * rows.dst + c * size, rows.dst, from + c * columns.src + r * size,
                     columns.src);
        for (; c < width; ++c)
          for (std::int64_t k = r; k < r + 4; ++k)
            move<Size>(to + k * rows.dst + c * size, from + c * columns.src + k * size);
      }
    }
    for (; r < rows.size; ++r)
      for (std::int64_t c = 0; c < width; ++c)
        move<Size>(to + r * rows.dst + c * size, from + c * columns.src + r * size);
  }
}

// The instance of a loop for the size of an element.
#define KEEL_BY_SIZE(loop, size) \
  ((size) == 1   ? loop<1, Axis> \
   : (size) == 2 ? loop<2, Axis> \
   : (size) == 4 ? loop<4, Axis> \
   : (size) == 8 ? loop<8, Axis> \
                 : loop<16, Axis>)

}  // namespace

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
  if (string) {
    row_ = copy_strings<Axis>;
  } else if (last_.dst == element_ && last_.src == element_) {
    row_ = copy_contiguous<Axis>;
  } else if (last_.dst == element_ && last_.src == 0) {
    row_ = KEEL_BY_SIZE(fill, element_);
  } else {
    row_ = KEEL_BY_SIZE(copy_strided, element_);
    for (std::size_t k = 0; last_.dst == element_ && k < outer_.size(); ++k)
      if (outer_[k].src == element_) return use_tiles(k);
  }
}

// A strip is a cache line of the source along the rows, and all of the last axis.
void StridedCopy::use_tiles(std::size_t rows_axis) {
  tiles_ = KEEL_BY_SIZE(transpose_tiles, element_);
  rows_ = outer_[rows_axis];
  strip_rows_ = std::max<std::int64_t>(kLine / element_, 8);
  strips_ = (rows_.size + strip_rows_ - 1) / strip_rows_;
  outer_[rows_axis] = {strips_, rows_.dst * strip_rows_, rows_.src * strip_rows_};
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
  if (tiles_ != nullptr)
    run_tiles(parallel, to, from);
  else
    run_rows(parallel, to, from);
}

// Chunks are ranges of elements, so that one long run is split as well.
void StridedCopy::run_rows(Parallel& parallel, std::byte* dst, const std::byte* src) const {
  parallel.ranges(count_, kGrainBytes / element_, [&](std::int64_t begin, std::int64_t end) {
    Odometer at(outer_, begin / last_.size);
    std::int64_t skip = begin % last_.size;
    while (begin < end) {
      const std::int64_t n = std::min(last_.size - skip, end - begin);
      row_(dst + at.dst + skip * last_.dst, src + at.src + skip * last_.src, n, last_);
      begin += n;
      skip = 0;
      at.next();
    }
  });
}

// A unit is one strip by at most kColumns columns.
void StridedCopy::run_tiles(Parallel& parallel, std::byte* dst, const std::byte* src) const {
  constexpr std::int64_t kColumns = 512;
  const std::int64_t pieces = (last_.size + kColumns - 1) / kColumns;
  const std::int64_t unit_bytes = count_ / (units_ * pieces) * element_ + 1;
  const std::int64_t grain = std::max<std::int64_t>(kGrainBytes / unit_bytes, 1);
  parallel.ranges(units_ * pieces, grain, [&](std::int64_t begin, std::int64_t end) {
    std::int64_t unit = begin / pieces;
    Odometer at(outer_, unit);
    for (std::int64_t piece = begin % pieces; begin < end; ++begin) {
      const std::int64_t strip = unit / inner_units_ % strips_, column = piece * kColumns;
      const std::int64_t height = std::min(strip_rows_, rows_.size - strip * strip_rows_);
      const std::int64_t width = std::min(kColumns, last_.size - column);
      tiles_(dst + at.dst + column * last_.dst, src + at.src + column * last_.src,
             {height, rows_.dst, rows_.src}, {width, last_.dst, last_.src});
      if (++piece < pieces) continue;
      piece = 0;
      ++unit;
      at.next();
    }
  });
}

}  // namespace keel
