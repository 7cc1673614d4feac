// dst[r][c] = src[c][r] for elements of 1, 2, 4, 8 or 16 bytes; the source is contiguous along r,
// the destination along c.
//
// Work is cut into tiles of a cache line by a cache line. A full tile is transposed into a buffer
// and leaves it line by line, so that no line of either side is touched twice: strides of a power
// of two, which put all lines of a tile into one set of the cache, then cost nothing.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace keel {

constexpr std::int64_t kLineBytes = 64;

namespace tile {

typedef std::uint8_t Bytes __attribute__((vector_size(16)));
typedef std::uint16_t Words __attribute__((vector_size(16)));
typedef std::uint32_t Quads __attribute__((vector_size(16)));
typedef std::uint64_t Longs __attribute__((vector_size(16)));

template <std::size_t Size>
struct VectorOf;
template <>
struct VectorOf<1> {
  using Type = Bytes;
};
template <>
struct VectorOf<2> {
  using Type = Words;
};
template <>
struct VectorOf<4> {
  using Type = Quads;
};
template <>
struct VectorOf<8> {
  using Type = Longs;
};

// a0 b0 a1 b1 ... of the lower (upper) halves.
inline Bytes zip_low(Bytes a, Bytes b) {
  return __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
}
inline Bytes zip_high(Bytes a, Bytes b) {
  return __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15,
                                 31);
}
inline Words zip_low(Words a, Words b) {
  return __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
}
inline Words zip_high(Words a, Words b) {
  return __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
}
inline Quads zip_low(Quads a, Quads b) { return __builtin_shufflevector(a, b, 0, 4, 1, 5); }
inline Quads zip_high(Quads a, Quads b) { return __builtin_shufflevector(a, b, 2, 6, 3, 7); }
inline Longs zip_low(Longs a, Longs b) { return __builtin_shufflevector(a, b, 0, 2); }
inline Longs zip_high(Longs a, Longs b) { return __builtin_shufflevector(a, b, 1, 3); }

// Rows of a square of n vectors of n lanes become its columns: log2(n) perfect shuffles.
template <typename Vector, int N>
inline void transpose_vectors(Vector (&a)[N]) {
  for (int stage = 1; stage < N; stage *= 2) {
    Vector b[N];
    for (int i = 0; i < N / 2; ++i) {
      b[2 * i] = zip_low(a[i], a[i + N / 2]);
      b[2 * i + 1] = zip_high(a[i], a[i + N / 2]);
    }
    for (int i = 0; i < N; ++i) a[i] = b[i];
  }
}

// A square of 16 bytes by 16 bytes.
template <std::size_t Size>
inline void square(std::byte* dst, std::int64_t dst_stride, const std::byte* src,
                   std::int64_t src_stride) {
  if constexpr (Size == 16) {
    std::memcpy(dst, src, 16);
  } else {
    constexpr int kLanes = 16 / Size;
    typename VectorOf<Size>::Type a[kLanes];
    for (int i = 0; i < kLanes; ++i) std::memcpy(&a[i], src + i * src_stride, 16);
    transpose_vectors(a);
    for (int i = 0; i < kLanes; ++i) std::memcpy(dst + i * dst_stride, &a[i], 16);
  }
}

template <std::size_t Size>
void full_tile(std::byte* dst, std::int64_t dst_stride, const std::byte* src,
               std::int64_t src_stride) {
  constexpr std::int64_t kLanes = 16 / Size, kSide = kLineBytes / Size;
  alignas(64) std::byte buffer[kSide * kLineBytes];
  for (std::int64_t c = 0; c < kSide; c += kLanes)
    for (std::int64_t r = 0; r < kSide; r += kLanes)
      square<Size>(buffer + r * kLineBytes + c * Size, kLineBytes, src + c * src_stride + r * Size,
                   src_stride);
  for (std::int64_t r = 0; r < kSide; ++r)
    std::memcpy(dst + r * dst_stride, buffer + r * kLineBytes, kLineBytes);
}

// Floats, height < 4 (NHWC images to NCHW): vectors are loaded beyond the height, into the next
// column; not done for the last columns, which have none behind them. Returns the columns done.
inline std::int64_t low_strip(std::byte* dst, std::int64_t dst_stride, const std::byte* src,
                              std::int64_t src_stride, std::int64_t height, std::int64_t width) {
  std::int64_t c = 0;
  if (src_stride < height * 4) return 0;
  for (; c + 4 + 3 <= width; c += 4) {
    Quads a[4];
    for (int i = 0; i < 4; ++i) std::memcpy(&a[i], src + (c + i) * src_stride, 16);
    transpose_vectors(a);
    for (std::int64_t r = 0; r < height; ++r) std::memcpy(dst + r * dst_stride + c * 4, &a[r], 16);
  }
  return c;
}

// Floats, width < 4 (NCHW images to NHWC, depth to space). Returns the rows done.
inline std::int64_t narrow_strip(std::byte* dst, std::int64_t dst_stride, const std::byte* src,
                                 std::int64_t src_stride, std::int64_t height, std::int64_t width) {
  std::int64_t r = 0;
  for (; r + 4 <= height; r += 4) {
    Quads a[4] = {};
    for (std::int64_t i = 0; i < width; ++i) std::memcpy(&a[i], src + i * src_stride + r * 4, 16);
    transpose_vectors(a);
    for (int i = 0; i < 4; ++i) {
      std::byte* to = dst + (r + i) * dst_stride;
      if (width == 1) std::memcpy(to, &a[i], 4);
      if (width == 2) std::memcpy(to, &a[i], 8);
      if (width == 3) std::memcpy(to, &a[i], 12);
    }
  }
  return r;
}

template <std::size_t Size>
void part_of_tile(std::byte* dst, std::int64_t dst_stride, const std::byte* src,
                  std::int64_t src_stride, std::int64_t height, std::int64_t width) {
  constexpr std::int64_t kLanes = 16 / Size;
  const auto scalar = [&](std::int64_t r_begin, std::int64_t r_end, std::int64_t c_begin) {
    for (std::int64_t r = r_begin; r < r_end; ++r)
      for (std::int64_t c = c_begin; c < width; ++c)
        std::memcpy(dst + r * dst_stride + c * Size, src + c * src_stride + r * Size, Size);
  };
  const std::int64_t rows = height / kLanes * kLanes, columns = width / kLanes * kLanes;
  for (std::int64_t r = 0; r < rows; r += kLanes)
    for (std::int64_t c = 0; c < columns; c += kLanes)
      square<Size>(dst + r * dst_stride + c * Size, dst_stride, src + c * src_stride + r * Size,
                   src_stride);
  std::int64_t right = 0, below = 0;  // done of what is left
  if constexpr (Size == 4) {
    if (columns < width)
      right = narrow_strip(dst + columns * Size, dst_stride, src + columns * src_stride, src_stride,
                           rows, width - columns);
    if (rows < height)
      below = low_strip(dst + rows * dst_stride, dst_stride, src + rows * Size, src_stride,
                        height - rows, width);
  }
  scalar(right, rows, columns);
  scalar(rows, height, below);
}

}  // namespace tile

// dst [height][width], src [width][height]; strides in bytes between rows of dst, columns of src.
template <std::size_t Size>
void transpose_strip(std::byte* dst, std::int64_t dst_stride, const std::byte* src,
                     std::int64_t src_stride, std::int64_t height, std::int64_t width) {
  constexpr std::int64_t kSide = kLineBytes / Size;
  if (Size == 4 && height < 4)
    return tile::part_of_tile<Size>(dst, dst_stride, src, src_stride, height, width);
  for (std::int64_t r = 0; r < height; r += kSide)
    for (std::int64_t c = 0; c < width; c += kSide) {
      std::byte* to = dst + r * dst_stride + c * static_cast<std::int64_t>(Size);
      const std::byte* from = src + c * src_stride + r * static_cast<std::int64_t>(Size);
      const std::int64_t h = std::min(kSide, height - r), w = std::min(kSide, width - c);
      if (h == kSide && w == kSide)
        tile::full_tile<Size>(to, dst_stride, from, src_stride);
      else
        tile::part_of_tile<Size>(to, dst_stride, from, src_stride, h, w);
    }
}

}  // namespace keel
