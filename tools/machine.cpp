#include "tools/machine.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>

namespace keel::tools {
namespace {

// CPUs in a list such as "0-3,8".
int count_cpus(const std::string& list) {
  int count = 0;
  for (const char* at = list.c_str(); *at != '\0';) {
    char* end = nullptr;
    const long first = std::strtol(at, &end, 10);
    if (end == at) break;
    const long last = *end == '-' ? std::strtol(end + 1, &end, 10) : first;
    count += static_cast<int>(last - first + 1);
    at = *end == ',' ? end + 1 : end;
  }
  return count;
}

std::string line_of(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

}  // namespace

std::vector<Cache> data_caches() {
  std::vector<Cache> caches;
  for (int index = 0;; ++index) {
    const std::string folder = "/sys/devices/system/cpu/cpu0/cache/index" + std::to_string(index);
    const std::string type = line_of(folder + "/type");
    if (type.empty()) return caches;
    if (type == "Instruction") continue;
    const std::string size = line_of(folder + "/size");  // "1024K"
    const std::int64_t unit = !size.empty() && size.back() == 'M' ? 1 << 20 : 1 << 10;
    caches.push_back({std::atoi(line_of(folder + "/level").c_str()),
                      std::atoll(size.c_str()) * unit,
                      std::max(1, count_cpus(line_of(folder + "/shared_cpu_list")))});
  }
}

double peak_rss_mb() {
  // Not getrusage(): its peak includes what the process was before exec.
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);)
    if (line.rfind("VmHWM:", 0) == 0) return std::strtod(line.c_str() + 6, nullptr) / 1024;
  return 0;
}

std::string cpu_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);)
    if (line.rfind("model name", 0) == 0) return line.substr(line.find(':') + 2);
  return "unknown";
}

}  // namespace keel::tools
