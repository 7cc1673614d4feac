// Regions of whole 2 MiB pages straight from the system, and those that wait to be used again.
#pragma once

#include <cstddef>
#include <map>
#include <mutex>

namespace keel {

// Thread-safe.
class MemoryRegions {
 public:
  static constexpr std::size_t kPage = std::size_t{2} << 20;

  // Contents undefined; null where the system has none.
  std::byte* take(std::size_t bytes);
  void give(std::byte* data, std::size_t bytes) noexcept;

  // Between these, what is given waits for the next take(). May be nested. Where nothing that waits
  // is large enough, as much of it as take() gets anew goes back: fragments do not pile up.
  void begin_keeping();
  void end_keeping();

 private:
  std::byte* take_waiting(std::size_t bytes);
  void release_waiting(std::size_t bytes);
  void keep(std::byte* data, std::size_t bytes);

  std::mutex mutex_;
  int keeping_ = 0;
  std::map<std::byte*, std::size_t> waiting_;  // no two of them touch
};

}  // namespace keel
