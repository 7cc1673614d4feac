// Weights are placed in blocks that are used again while a model is loaded.
#include "runtime/memory_block.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "runtime/memory_regions.h"

namespace keel::test {
namespace {

constexpr std::size_t kPage = MemoryRegions::kPage;

bool aligned(const std::byte* data) { return reinterpret_cast<std::uintptr_t>(data) % kPage == 0; }

TEST(MemoryRegions, AreWholeLargePages) {
  MemoryRegions regions;
  for (std::size_t bytes : {std::size_t{1}, kPage / 2 + 1, kPage, kPage + 1, 3 * kPage - 5}) {
    std::byte* data = regions.take(bytes);
    ASSERT_NE(data, nullptr);
    EXPECT_TRUE(aligned(data)) << bytes;
    std::memset(data, 7, (bytes + kPage - 1) / kPage * kPage);
    regions.give(data, bytes);
  }
}

// What was given is cut, and joined with its neighbours in whatever order they come.
TEST(MemoryRegions, AreUsedAgain) {
  MemoryRegions regions;
  regions.begin_keeping();
  for (const std::vector<int>& order :
       {std::vector<int>{0, 1, 2}, {2, 1, 0}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}}) {
    std::byte* all = regions.take(6 * kPage);
    ASSERT_NE(all, nullptr);
    std::memset(all, 1, 6 * kPage);
    regions.give(all, 6 * kPage);
    std::byte* parts[3] = {};
    std::size_t at = 0;
    for (int i = 0; i < 3; ++i) {
      const std::size_t bytes = static_cast<std::size_t>(i + 1) * kPage;
      parts[i] = regions.take(bytes - 3);
      EXPECT_EQ(parts[i], all + at) << i;
      at += bytes;
    }
    for (int i : order) regions.give(parts[i], static_cast<std::size_t>(i + 1) * kPage);
    EXPECT_EQ(regions.take(6 * kPage), all);
    regions.give(all, 6 * kPage);
  }
  regions.end_keeping();
}

TEST(MemoryRegions, TheSmallestThatIsLargeEnough) {
  MemoryRegions regions;
  regions.begin_keeping();
  regions.give(regions.take(12 * kPage), 12 * kPage);
  std::byte* large = regions.take(8 * kPage);
  std::byte* between = regions.take(kPage);
  std::byte* small = regions.take(3 * kPage);
  regions.give(large, 8 * kPage);
  regions.give(small, 3 * kPage);
  EXPECT_EQ(regions.take(2 * kPage), small);
  regions.give(between, kPage);
  regions.give(small, 2 * kPage);
  regions.end_keeping();
}

TEST(MemoryBlock, WeightsDoNotOverlap) {
  const WeightReuse reuse;
  std::vector<std::pair<std::shared_ptr<std::byte>, std::size_t>> blocks;
  for (int round = 0; round < 3; ++round) {
    for (std::size_t bytes : {0, 1, 63, 64, 65, 100000, 3 << 20, 5 << 20, 9 << 20}) {
      blocks.emplace_back(weight_block(bytes), bytes);
      EXPECT_EQ(reinterpret_cast<std::uintptr_t>(blocks.back().first.get()) % 64, 0u);
      std::memset(blocks.back().first.get(), static_cast<int>(blocks.size()), bytes);
    }
    blocks.erase(blocks.begin(), blocks.begin() + 4);  // and their memory is used again
    for (auto& [data, bytes] : blocks)
      for (std::size_t i = 1; i < bytes; i += 4096) ASSERT_EQ(data.get()[i], data.get()[0]);
  }
}

TEST(MemoryBlock, WeightsAreOverwrittenBySmallerOnes) {
  const WeightReuse reuse;
  Tensor floats = weight_tensor(DataType::Float, {5 << 19});  // 5 pages
  if (!has_own_block(floats)) GTEST_SKIP() << "under AddressSanitizer";
  {
    const Tensor other = floats;
    EXPECT_FALSE(has_own_block(floats));
  }
  EXPECT_FALSE(has_own_block(weight_tensor(DataType::Float, {100})));
  EXPECT_FALSE(has_own_block(Tensor(DataType::Float, {5 << 19})));
  float* data = floats.data_as<float>();
  std::fill(data, data + floats.size(), 3.0f);
  const Tensor ints = reuse_block(std::move(floats), DataType::Int32, {5 << 18});
  EXPECT_EQ(ints.data(), data);
  EXPECT_EQ(ints.byte_size(), std::size_t{5} << 20);
  EXPECT_EQ(data[ints.size() - 1], 3.0f);
  // 3 pages stay, 2 are there for others, at least the first of them for the next.
  std::vector<Tensor> next;
  bool given = false;
  for (int i = 0; i < 8 && !given; ++i) {
    next.push_back(weight_tensor(DataType::Float, {(1 << 20) - i}));
    given = next.back().data() == reinterpret_cast<std::byte*>(data) + 3 * kPage;
  }
  EXPECT_TRUE(given);
}

}  // namespace
}  // namespace keel::test
