// What keel fold did: as text, and as JSON of schema keel.fold/1.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "runtime/folding/records.h"
#include "tools/result_stream.h"
#include "tools/verify.h"

namespace keel::tools {

struct FileDescription {
  std::string path, sha256;
  std::uint64_t bytes = 0;
};

// Throws Error(Io).
FileDescription describe_file(const std::string& path);

struct FoldReport {
  FileDescription input;
  std::optional<FileDescription> output;  // nothing was written where absent
  std::map<std::string, int> ops_before, ops_after;
  std::vector<folding::FoldRecord> records;
  std::optional<VerifyResult> verified;
  bool all_nodes = false;  // every layer that was verified, not only the worst
};

// A message with names of the model in it, each of which printable() may shorten.
std::string printable_sentence(const std::string& text);

Json record_json(const folding::FoldRecord& record);
// One line: "kept    bn1: MULTI_USE: ... ('relu1')\n".
std::string record_text(const folding::FoldRecord& record);

Json as_json(const FoldReport& report);
// With `every`, folded nodes are listed too, not only those that stay.
std::string as_text(const FoldReport& report, bool every);

}  // namespace keel::tools
