// Versions of operator sets, by domain.
#pragma once

#include <map>
#include <string>

#include "onnx/onnx.pb.h"

namespace keel::loaders {

using Opsets = std::map<std::string, std::int64_t>;
using OpsetList = google::protobuf::RepeatedPtrField<onnx::OperatorSetIdProto>;

// "ai.onnx" is another spelling of the default domain.
std::string normal_domain(const std::string& domain);

// Throws Error(MalformedModel) for none at all and for two versions of one domain,
// Error(Unsupported) for a version nobody has defined, or ai.onnx beyond kNewestOpset.
Opsets read_opsets(const OpsetList& list);

}  // namespace keel::loaders
