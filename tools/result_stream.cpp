#include "tools/result_stream.h"

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "runtime/error.h"

namespace keel::tools {

void write_text(const std::string& path, const std::string& text) {
  if (path.empty()) {
    if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size())
      throw Error(ErrorCode::Io, "cannot write to standard output");
    return;
  }
  const std::string temporary = path + ".tmp";
  {
    std::ofstream file(temporary, std::ios::binary);
    file << text;
    file.flush();
    if (!file) {
      std::error_code ignored;
      std::filesystem::remove(temporary, ignored);
      throw Error(ErrorCode::Io, "cannot write '" + printable(path) + "'");
    }
  }
  std::error_code error;
  std::filesystem::rename(temporary, path, error);
  if (!error) return;
  std::error_code ignored;
  std::filesystem::remove(temporary, ignored);
  throw Error(ErrorCode::Io, "cannot write '" + printable(path) + "': " + error.message());
}

void write_json(const std::string& path, const Json& json) {
  write_text(path, json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
}

}  // namespace keel::tools
