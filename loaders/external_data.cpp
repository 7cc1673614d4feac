#include "loaders/external_data.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <set>
#include <string_view>
#include <system_error>

#include "onnx/onnx.pb.h"
#include "runtime/error.h"

namespace keel::loaders {
namespace {

[[noreturn]] void malformed(const std::string& what) {
  throw Error(ErrorCode::MalformedModel, "external data: " + what);
}

std::uint64_t parse_number(const std::string& key, const std::string& text) {
  std::uint64_t value = 0;
  const char* end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, value);
  if (result.ec != std::errc() || result.ptr != end)
    malformed(key + " '" + printable(text) + "' is not a size");
  return value;
}

// Relative, inside the folder by its spelling alone, and no name of something in memory.
void check_location(const std::string& location) {
  const std::string shown = "location '" + printable(location) + "' ";
  if (location.empty()) malformed("the location is empty");
  if (location.find('\0') != std::string::npos) malformed(shown + "holds a NUL byte");
  if (location.front() == '/') malformed(shown + "is absolute");
  if (location.find("_ORT_MEM_ADDR_") != std::string::npos)
    malformed(shown + "names memory of another process");
  std::string_view rest = location;
  while (!rest.empty()) {
    const std::size_t slash = std::min(rest.find('/'), rest.size());
    if (rest.substr(0, slash) == "..") malformed(shown + "leaves the folder of the model");
    rest.remove_prefix(std::min(slash + 1, rest.size()));
  }
}

[[noreturn]] void fail_open(const std::string& location, int error) {
  if (error == ELOOP || error == EXDEV || error == ENOTDIR)
    malformed("location '" + printable(location) + "' goes through a link or a file");
  throw Error(ErrorCode::Io, "external data: cannot open '" + printable(location) +
                                 "': " + std::generic_category().message(error));
}

constexpr int kOpenFlags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW;

}  // namespace

ExternalLocation parse_external(const onnx::TensorProto& tensor) {
  ExternalLocation result;
  std::set<std::string> seen;
  for (const auto& entry : tensor.external_data()) {
    const std::string& key = entry.key();
    if (!seen.insert(key).second) malformed("key '" + printable(key) + "' is given twice");
    if (key == "location")
      result.location = entry.value();
    else if (key == "offset")
      result.offset = parse_number(key, entry.value());
    else if (key == "length")
      result.length = parse_number(key, entry.value());
    else if (key != "checksum")
      malformed("unknown key '" + printable(key) + "'");
  }
  if (!seen.count("location")) malformed("the location is missing");
  return result;
}

ExternalData::ExternalData(const std::string& folder, const ByteSource* model)
    : folder_(::open(folder.empty() ? "." : folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)) {
  if (!folder_) fail_open(folder, errno);
  struct stat status = {};
  if (model == nullptr || model->fd() < 0 || ::fstat(model->fd(), &status) != 0) return;
  model_device_ = status.st_dev;
  model_inode_ = status.st_ino;
}

FileHandle ExternalData::open_beneath(const std::string& location) const {
  struct open_how how = {};
  how.flags = kOpenFlags;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  const long fd = ::syscall(SYS_openat2, folder_.get(), location.c_str(), &how, sizeof how);
  if (fd >= 0) return FileHandle(static_cast<int>(fd));
  // EPERM: a sandbox that does not know the call.
  if (errno == ENOSYS || errno == EPERM) return open_stepwise(location);
  fail_open(location, errno);
}

FileHandle ExternalData::open_stepwise(const std::string& location) const {
  check_location(location);
  FileHandle folder(::openat(folder_.get(), ".", O_PATH | O_DIRECTORY | O_CLOEXEC));
  std::string_view rest = location;
  for (;;) {
    const std::size_t slash = rest.find('/');
    const std::string step(rest.substr(0, slash));
    const bool last = slash == std::string_view::npos;
    const int flags = last ? kOpenFlags : O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    FileHandle next(::openat(folder.get(), step.empty() ? "." : step.c_str(), flags));
    if (!next) fail_open(location, errno);
    if (last) return next;
    folder = std::move(next);
    rest.remove_prefix(slash + 1);
  }
}

FileHandle ExternalData::open(const ExternalLocation& location, std::uint64_t bytes) const {
  check_location(location.location);
  if (!folder_)
    malformed("the model was loaded from memory and has no folder; set Options::external_root");
  FileHandle file = open_beneath(location.location);
  const std::string shown = "location '" + printable(location.location) + "' ";
  struct stat status = {};
  if (::fstat(file.get(), &status) != 0) fail_open(location.location, errno);
  if (!S_ISREG(status.st_mode)) malformed(shown + "is not a regular file");
  if (status.st_nlink > 1) malformed(shown + "is a hard link to a file that has other names");
  if (model_inode_ == status.st_ino && model_device_ == status.st_dev)
    malformed(shown + "is the model's own file");
  const auto size = static_cast<std::uint64_t>(status.st_size);
  if (location.length && *location.length != bytes)
    malformed(str("length is ", *location.length, ", but type and dims take ", bytes, " bytes"));
  if (bytes > size || location.offset > size - bytes)
    malformed(str(bytes, " bytes at offset ", location.offset, " exceed the ", size, " bytes of '",
                  printable(location.location), "'"));
  return file;
}

void ExternalData::fill(const FileHandle& file, const ExternalLocation& location,
                        std::uint64_t bytes, void* out) const {
  if (!read_exactly(file.get(), location.offset, out, bytes))
    malformed("'" + printable(location.location) + "' shrank while it was read");
}

}  // namespace keel::loaders
