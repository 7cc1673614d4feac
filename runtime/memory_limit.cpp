#include "runtime/memory_limit.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>

namespace keel {

std::size_t memory_limit(const Options& options) {
  if (options.max_memory != 0) return options.max_memory;
  const auto pages = static_cast<std::size_t>(sysconf(_SC_PHYS_PAGES));
  std::size_t bytes = pages * static_cast<std::size_t>(sysconf(_SC_PAGE_SIZE));
  for (const char* path :
       {"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"}) {
    std::size_t limit = 0;
    if (std::ifstream(path) >> limit) bytes = std::min(bytes, limit);
  }
  return bytes / 5 * 4;
}

}  // namespace keel
