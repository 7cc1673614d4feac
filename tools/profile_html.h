// A profile as a page for a browser.
#pragma once

#include <string>

#include "tools/result_stream.h"

namespace keel::tools {

// `profile` is a keel.profile/1. One file that needs no other: a table of the operators and one of
// the nodes, sorted by a click on a heading, with a bar for each share of the time.
std::string html_of_profile(const Json& profile);

}  // namespace keel::tools
