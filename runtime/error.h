// How errors are raised inside the library: a context adds what it knows and passes them on.
#pragma once

#include <locale>
#include <sstream>
#include <string>

#include "runtime/keel.h"

namespace keel {

// Concatenates its arguments as a stream would.
template <typename... Parts>
std::string str(const Parts&... parts) {
  std::ostringstream out;
  out.imbue(std::locale::classic());
  (out << ... << parts);
  return out.str();
}

// A name from a model made safe for one line of a terminal: control characters and invalid UTF-8
// escaped as \xNN, cut to 120 bytes.
std::string printable(std::string_view name);

// The same error with node, operator and stage filled in where they are still empty.
Error with_node(const Error& error, const std::string& node, const std::string& op);
Error with_stage(const Error& error, const std::string& stage);

}  // namespace keel
