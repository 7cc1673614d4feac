#include "tools/profile_trace.h"

#include <algorithm>
#include <vector>

namespace keel::tools {
namespace {

Json named(const char* what, const std::string& name) {
  return {{"ph", "M"}, {"name", what}, {"pid", 1}, {"tid", 1}, {"args", {{"name", name}}}};
}

}  // namespace

Json trace_of_profile(const Json& profile) {
  Json events = Json::array();
  events.push_back(named("process_name", "keel " + profile["model"].get<std::string>()));
  events.push_back(named("thread_name", "mean of " + std::to_string(profile["runs"].get<int>()) +
                                            " runs, " +
                                            std::to_string(profile["threads"].get<int>()) +
                                            " threads, " + profile["isa"].get<std::string>()));
  std::vector<Json> nodes(profile["nodes"].begin(), profile["nodes"].end());
  std::sort(nodes.begin(), nodes.end(), [](const Json& a, const Json& b) {
    return a["step"].get<int>() < b["step"].get<int>();
  });
  double at = 0;
  for (const Json& node : nodes) {
    const double us = node["time_us"].get<double>();
    Json arguments = {{"op", node["op"]}};
    for (const char* key : {"kernel", "note"})
      if (!node[key].get<std::string>().empty()) arguments[key] = node[key];
    if (node["gflops_per_s"].get<double>() > 0)
      for (const char* key : {"gflops_per_s", "peak_fraction"}) arguments[key] = node[key];
    events.push_back({{"ph", "X"},
                      {"name", node["name"]},
                      {"cat", node["op"]},
                      {"pid", 1},
                      {"tid", 1},
                      {"ts", at},
                      {"dur", us},
                      {"args", arguments}});
    at += us;
  }
  return {{"displayTimeUnit", "ms"}, {"traceEvents", events}};
}

}  // namespace keel::tools
