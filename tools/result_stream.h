// Where a subcommand's answer goes: standard output, or the file of -o, written whole or not at
// all.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace keel::tools {

// Keys keep the order in which they were added.
using Json = nlohmann::ordered_json;

// path "": standard output. Throws Error(Io).
void write_text(const std::string& path, const std::string& text);
// Indented by two; NaN and infinities become null; bytes that are no UTF-8 are replaced.
void write_json(const std::string& path, const Json& json);

}  // namespace keel::tools
