#include "runtime/memory_block.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <mutex>

#include "runtime/error.h"
#include "runtime/memory_regions.h"
#include "runtime/tensor.h"

namespace keel {
namespace {

constexpr std::size_t kLine = 64;
constexpr std::size_t kLargePage = MemoryRegions::kPage;
constexpr std::size_t kShared = 2 * kLargePage;
// Under AddressSanitizer every weight has its own block of the heap, so that reading past its end
// shows.
#if defined(__SANITIZE_ADDRESS__)
constexpr bool kOwnBlocks = true;
#else
constexpr bool kOwnBlocks = false;
#endif

std::size_t round_up(std::size_t bytes, std::size_t to) { return (bytes + to - 1) / to * to; }

[[noreturn]] void out_of_memory(std::size_t bytes) {
  throw Error(ErrorCode::ResourceLimit, str("cannot allocate ", bytes, " bytes"));
}

// Never destroyed: tensors may outlive everything else that is static.
MemoryRegions& regions() {
  static auto* regions = new MemoryRegions;
  return *regions;
}

// How a region is given back.
struct GiveRegion {
  std::size_t bytes;
  void operator()(std::byte* all) const { regions().give(all, bytes); }
};

std::shared_ptr<std::byte> region(std::size_t bytes) {
  std::byte* data = regions().take(bytes);
  if (data == nullptr) out_of_memory(bytes);
  return std::shared_ptr<std::byte>(data, GiveRegion{bytes});
}

// The block that weights are being placed in. It belongs to its tensors.
struct SharedBlock {
  std::mutex mutex;
  std::weak_ptr<std::byte> block;
  std::size_t used = 0;
};

}  // namespace

std::shared_ptr<std::byte> allocate_block(std::size_t bytes) {
  if (bytes > SIZE_MAX / 2) out_of_memory(bytes);
  const bool large = bytes >= 2 * kLargePage;
  const std::size_t align = large ? kLargePage : kLine;
  const std::size_t rounded = round_up(bytes + (bytes == 0), align);
  auto* data = static_cast<std::byte*>(std::aligned_alloc(align, rounded));
  if (data == nullptr) out_of_memory(bytes);
  // The last page only where most of it is used.
  if (large) ::madvise(data, round_up(bytes - kLargePage / 2, kLargePage), MADV_HUGEPAGE);
  return std::shared_ptr<std::byte>(data, std::free);
}

std::shared_ptr<std::byte> weight_block(std::size_t bytes) {
  if (kOwnBlocks) return allocate_block(bytes);
  if (bytes > SIZE_MAX / 2) out_of_memory(bytes);
  if (bytes > kShared / 2) return region(bytes);
  static SharedBlock shared;
  const std::lock_guard<std::mutex> lock(shared.mutex);
  std::shared_ptr<std::byte> block = shared.block.lock();
  if (block == nullptr || shared.used + bytes > kShared) {
    block = region(kShared);
    shared.block = block;
    shared.used = 0;
  }
  std::byte* data = block.get() + shared.used;
  shared.used += round_up(bytes, kLine);
  return std::shared_ptr<std::byte>(std::move(block), data);
}

bool has_own_block(const Tensor& weights) {
  const auto* give = std::get_deleter<GiveRegion>(weights.owner());
  return give != nullptr && weights.owner().use_count() == 1 && weights.byte_size() > kShared / 2;
}

Tensor reuse_block(Tensor weights, DataType type, Shape shape) {
  std::shared_ptr<void> owner = weights.owner();
  auto* give = std::get_deleter<GiveRegion>(owner);
  const std::size_t before = round_up(give->bytes, kLargePage);
  const std::size_t bytes = storage_bytes(type, shape, Layout::Plain);
  const std::size_t now = std::max(round_up(bytes, kLargePage), kLargePage);
  if (now < before) {
    give->bytes = now;
    regions().give(static_cast<std::byte*>(weights.data()) + now, before - now);
  }
  return Tensor(type, std::move(shape), weights.data(), std::move(owner));
}

WeightReuse::WeightReuse() { regions().begin_keeping(); }
WeightReuse::~WeightReuse() { regions().end_keeping(); }

Tensor weight_tensor(DataType type, Shape shape) {
  if (type == DataType::String) return Tensor(type, std::move(shape));
  auto block = weight_block(storage_bytes(type, shape, Layout::Plain));
  void* data = block.get();
  return Tensor(type, std::move(shape), data, std::move(block));
}

}  // namespace keel
