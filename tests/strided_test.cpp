#include "runtime/strided.h"

#include <gtest/gtest.h>

#include <numeric>

#include "runtime/error.h"
#include "tests/support/random_tensor.h"

namespace keel::test {
namespace {

constexpr std::int64_t kGuard = 32;  // elements on both sides of the destination

std::int64_t dot(const Shape& index, const Shape& strides) {
  return std::inner_product(index.begin(), index.end(), strides.begin(), std::int64_t{0});
}

template <typename Visit>
void for_each_index(const Shape& dims, const Visit& visit) {
  Shape index(dims.size(), 0);
  for (std::int64_t left = element_count(dims); left > 0; --left) {
    visit(index);
    for (std::size_t k = dims.size(); k-- > 0;) {
      if (++index[k] < dims[k]) break;
      index[k] = 0;
    }
  }
}

struct Case {
  Shape dims, dst, src;
  std::int64_t dst_at = 0, src_at = 0;
  std::int64_t dst_size = 1, src_size = 1;  // elements of the arrays
};

// A random destination order with gaps, and a source that is permuted, reversed, strided or
// repeated along each axis.
Case random_case(Random& random, std::int64_t most) {
  const std::int64_t sizes[] = {1, 2, 3, 4, 5, 8, 16, 17, 33, 130};
  Case result;
  const std::int64_t rank = random.integer(0, 5);
  for (std::int64_t k = 0, total = 1; k < rank; ++k) {
    const std::int64_t size = sizes[random.integer(0, 9)];
    result.dims.push_back(total * size > most ? 1 : size);
    total *= result.dims.back();
  }
  const auto lay_out = [&](Shape& strides, std::int64_t& at, std::int64_t& size, bool source) {
    std::vector<std::size_t> order(result.dims.size());
    std::iota(order.begin(), order.end(), 0);
    if (source || random.chance(0.2))
      for (std::size_t k = order.size(); k > 1; --k)
        std::swap(order[k - 1], order[static_cast<std::size_t>(random.integer(0, k - 1))]);
    strides.assign(result.dims.size(), 0);
    for (std::size_t k : order) {
      if (source && random.chance(0.15)) continue;  // repeated
      strides[k] = size * (random.chance(0.8) ? 1 : random.integer(2, 3));
      size = strides[k] * result.dims[k];
      if (!source || random.chance(0.8)) continue;
      at += strides[k] * (result.dims[k] - 1);
      strides[k] = -strides[k];
    }
  };
  lay_out(result.dst, result.dst_at, result.dst_size, false);
  lay_out(result.src, result.src_at, result.src_size, true);
  return result;
}

template <typename T, typename Make>
void check(const Case& c, DataType type, int threads, const Make& make) {
  std::vector<T> src(static_cast<std::size_t>(c.src_size));
  for (std::size_t i = 0; i < src.size(); ++i) src[i] = make(i + 1);
  std::vector<T> dst(static_cast<std::size_t>(c.dst_size + 2 * kGuard), make(0)), want = dst;
  for_each_index(c.dims, [&](const Shape& index) {
    want[static_cast<std::size_t>(kGuard + c.dst_at + dot(index, c.dst))] =
        src[static_cast<std::size_t>(c.src_at + dot(index, c.src))];
  });
  const StridedCopy copy(type, c.dims, c.dst, c.src, c.dst_at + kGuard, c.src_at);
  Parallel parallel(threads, nullptr, false);
  parallel.enter([&] { copy.run(parallel, dst.data(), src.data()); });
  EXPECT_TRUE(dst == want) << str(data_type_name(type), " dims ", to_string(c.dims), " dst ",
                                  to_string(c.dst), " src ", to_string(c.src), " at ", c.src_at);
}

struct Sixteen {
  std::uint64_t low, high;
  bool operator==(const Sixteen& other) const { return low == other.low && high == other.high; }
};

void check_all_types(const Case& c, int threads) {
  const auto number = [](std::size_t i) { return i; };
  check<std::uint8_t>(c, DataType::Uint8, threads, number);
  check<std::uint16_t>(c, DataType::Uint16, threads, number);
  check<std::uint32_t>(c, DataType::Uint32, threads, number);
  check<std::uint64_t>(c, DataType::Uint64, threads, number);
  check<Sixteen>(c, DataType::Complex128, threads, [](std::size_t i) { return Sixteen{i, ~i}; });
  check<std::string>(c, DataType::String, threads,
                     [](std::size_t i) { return std::string(i % 40, 'x') + std::to_string(i); });
}

TEST(StridedCopy, AgreesWithTheDefinition) {
  Random random(11);
  for (int i = 0; i < 400; ++i) check_all_types(random_case(random, 2000), 1 + i % 3);
}

TEST(StridedCopy, SplitsLargeCopies) {
  Random random(12);
  for (int i = 0; i < 12; ++i) {
    const Case c = random_case(random, 400000);
    check<std::uint32_t>(c, DataType::Float, 3, [](std::size_t k) { return k; });
    check<std::uint8_t>(c, DataType::Int8, 3, [](std::size_t k) { return k * 7; });
  }
  for (const Shape& dims : {Shape{700, 3}, Shape{3, 70000}, Shape{513, 515}, Shape{2, 300, 130}}) {
    Case c{dims, strides_of(dims), Shape(dims.size(), 0)};
    std::int64_t stride = 1;  // the last two axes swapped
    c.src[dims.size() - 2] = 1;
    c.src[dims.size() - 1] = dims[dims.size() - 2];
    stride = dims[dims.size() - 2] * dims[dims.size() - 1];
    if (dims.size() == 3) c.src[0] = stride;
    c.dst_size = c.src_size = element_count(dims);
    check_all_types(c, 3);
  }
}

TEST(StridedCopy, EmptyAndHostileSizes) {
  check_all_types({{0}, {1}, {1}}, 1);
  check_all_types({{3, 0, 5}, {0, 5, 1}, {0, 5, 1}}, 1);
  const Shape huge = {0, std::int64_t{1} << 40, std::int64_t{1} << 40};
  check_all_types({huge, strides_of(huge), strides_of(huge)}, 1);
  check_all_types({Shape(32, 1), Shape(32, 1), Shape(32, 1)}, 1);
  const Shape large(3, std::int64_t{1} << 40);
  EXPECT_THROW(StridedCopy(DataType::Float, large, large, large), Error);
}

TEST(StridedCopy, LeavesWhatLiesInPlace) {
  const std::vector<float> constant(8, 1);  // written to, this would be undefined
  const StridedCopy copy(DataType::Float, {8}, {1}, {1});
  Parallel serial(1, nullptr, false);
  copy.run(serial, const_cast<float*>(constant.data()), constant.data());
  EXPECT_EQ(constant, std::vector<float>(8, 1));
}

}  // namespace
}  // namespace keel::test
