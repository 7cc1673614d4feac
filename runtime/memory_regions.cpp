#include "runtime/memory_regions.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <new>

namespace keel {
namespace {

std::size_t whole_pages(std::size_t bytes) {
  return (bytes + MemoryRegions::kPage - 1) / MemoryRegions::kPage * MemoryRegions::kPage;
}

// The system aligns to small pages: what is before and behind goes back at once.
std::byte* from_system(std::size_t bytes) {
  constexpr std::size_t kPage = MemoryRegions::kPage;
  void* all =
      ::mmap(nullptr, bytes + kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (all == MAP_FAILED) return nullptr;
  auto* begin = static_cast<std::byte*>(all);
  const std::size_t before = (kPage - reinterpret_cast<std::uintptr_t>(begin) % kPage) % kPage;
  if (before > 0) ::munmap(begin, before);
  ::munmap(begin + before + bytes, kPage - before);
  return begin + before;
}

}  // namespace

std::byte* MemoryRegions::take(std::size_t bytes) {
  const std::size_t whole = whole_pages(bytes);
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (std::byte* data = take_waiting(whole)) return data;
    release_waiting(whole);
  }
  std::byte* data = from_system(whole);
  // The last page is a large one only where most of it is used.
  if (data != nullptr && bytes > kPage / 2)
    ::madvise(data, whole_pages(bytes - kPage / 2), MADV_HUGEPAGE);
  return data;
}

// From the smallest that is large enough.
std::byte* MemoryRegions::take_waiting(std::size_t bytes) {
  auto best = waiting_.end();
  for (auto it = waiting_.begin(); it != waiting_.end(); ++it)
    if (it->second >= bytes && (best == waiting_.end() || it->second < best->second)) best = it;
  if (best == waiting_.end()) return nullptr;
  const auto [data, size] = *best;
  waiting_.erase(best);
  if (size > bytes) waiting_.emplace(data + bytes, size - bytes);
  return data;
}

void MemoryRegions::release_waiting(std::size_t bytes) {
  while (bytes > 0 && !waiting_.empty()) {
    const auto last = std::prev(waiting_.end());
    const std::size_t size = std::min(last->second, bytes);
    last->second -= size;
    bytes -= size;
    ::munmap(last->first + last->second, size);
    if (last->second == 0) waiting_.erase(last);
  }
}

void MemoryRegions::give(std::byte* data, std::size_t bytes) noexcept {
  const std::size_t whole = whole_pages(bytes);
  const std::lock_guard<std::mutex> lock(mutex_);
  try {
    if (keeping_ > 0) return keep(data, whole);
  } catch (const std::bad_alloc&) {  // then it goes back
  }
  ::munmap(data, whole);
}

void MemoryRegions::keep(std::byte* data, std::size_t bytes) {
  const auto here = waiting_.emplace(data, bytes).first;
  const auto next = std::next(here);
  if (next != waiting_.end() && next->first == data + bytes) {
    here->second += next->second;
    waiting_.erase(next);
  }
  if (here == waiting_.begin()) return;
  const auto before = std::prev(here);
  if (before->first + before->second != data) return;
  before->second += here->second;
  waiting_.erase(here);
}

void MemoryRegions::begin_keeping() {
  const std::lock_guard<std::mutex> lock(mutex_);
  ++keeping_;
}

void MemoryRegions::end_keeping() {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (--keeping_ > 0) return;
  for (const auto& [data, bytes] : waiting_) ::munmap(data, bytes);
  waiting_.clear();
}

}  // namespace keel
