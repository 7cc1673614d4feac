#include "loaders/atomic_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <memory>
#include <random>
#include <system_error>

#include "runtime/error.h"

namespace keel {
namespace {

[[noreturn]] void fail(const std::string& path, int error) {
  throw Error(ErrorCode::Io,
              "cannot write '" + printable(path) + "': " + std::generic_category().message(error));
}

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash + 1);
}

std::string random_suffix() {
  std::random_device random;
  static const char kDigits[] = "0123456789abcdefghijklmnopqrstuvwxyz";
  std::string text;
  for (int i = 0; i < 8; ++i) text += kDigits[random() % 36];
  return text;
}

// Where writing to `path` ends up: behind links, if there are any.
std::string resolve(const std::string& path) {
  struct stat status = {};
  if (::lstat(path.c_str(), &status) != 0 || !S_ISLNK(status.st_mode)) return path;
  const std::unique_ptr<char, decltype(&std::free)> real(::realpath(path.c_str(), nullptr),
                                                         &std::free);
  if (real == nullptr) fail(path, errno);
  return real.get();
}

}  // namespace

AtomicFile::AtomicFile(const std::string& path) : path_(resolve(path)) {
  struct stat status = {};
  const bool exists = ::stat(path_.c_str(), &status) == 0;
  if (path.empty()) fail(path, ENOENT);
  if (exists && S_ISDIR(status.st_mode)) fail(path, EISDIR);
  if (exists && !S_ISREG(status.st_mode))
    throw Error(ErrorCode::Io, "cannot write '" + printable(path) + "': it is not a file");
  if (exists && ::access(path_.c_str(), W_OK) != 0) fail(path, errno);
  const std::string folder = folder_of(path_);
  const std::string name = path_.substr(path_.rfind('/') + 1);
  for (int attempt = 0; attempt < 100 && !file_; ++attempt) {
    temporary_ = (folder == "." ? "" : folder) + "." + name.substr(0, 200) + "." + random_suffix();
    file_ = loaders::FileHandle(
        ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
    if (!file_ && errno != EEXIST) break;
  }
  if (!file_) {
    const int error = errno;
    temporary_.clear();
    fail(path, error);
  }
  if (exists) ::fchmod(file_.get(), status.st_mode & 07777);
}

AtomicFile::AtomicFile(AtomicFile&& other) noexcept
    : path_(std::move(other.path_)),
      temporary_(std::move(other.temporary_)),
      file_(std::move(other.file_)) {
  other.temporary_.clear();
}

AtomicFile::~AtomicFile() {
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void AtomicFile::write(const void* data, std::size_t size) {
  const auto* bytes = static_cast<const char*>(data);
  while (size > 0) {
    const ssize_t count = ::write(file_.get(), bytes, size);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) fail(path_, count == 0 ? ENOSPC : errno);
    bytes += count;
    size -= static_cast<std::size_t>(count);
  }
}

void AtomicFile::sync() {
  if (::fsync(file_.get()) != 0) fail(path_, errno);
}

void AtomicFile::commit() {
  sync();
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) fail(path_, errno);
  temporary_.clear();
  const loaders::FileHandle folder(
      ::open(folder_of(path_).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  // Some file systems cannot sync a folder; the file is in place all the same.
  if (folder) ::fsync(folder.get());
}

}  // namespace keel
