#include "loaders/opsets.h"

#include "loaders/onnx_reader.h"
#include "runtime/error.h"

namespace keel::loaders {

std::string normal_domain(const std::string& domain) { return domain == "ai.onnx" ? "" : domain; }

Opsets read_opsets(const OpsetList& list) {
  if (list.empty()) throw Error(ErrorCode::MalformedModel, "no operator set is imported");
  Opsets opsets;
  for (const auto& entry : list) {
    const std::string domain = normal_domain(entry.domain());
    const std::string shown = domain.empty() ? "ai.onnx" : printable(domain);
    const std::int64_t version = entry.version();
    if (version < 1 || (domain.empty() && version > kNewestOpset))
      throw Error(ErrorCode::Unsupported, str("operator set ", version, " of domain '", shown,
                                              "'; the newest known is ", kNewestOpset));
    const auto [place, added] = opsets.emplace(domain, version);
    if (!added && place->second != version)
      throw Error(ErrorCode::MalformedModel, str("domain '", shown, "' is imported in versions ",
                                                 place->second, " and ", version));
  }
  return opsets;
}

}  // namespace keel::loaders
