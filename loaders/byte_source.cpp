#include "loaders/byte_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "runtime/error.h"

namespace keel::loaders {
namespace {

[[noreturn]] void fail_io(const std::string& what, int error) {
  throw Error(ErrorCode::Io, what + ": " + std::generic_category().message(error));
}

// As pread, but repeated after signals.
std::size_t read_some(int fd, std::uint64_t offset, void* out, std::size_t n) {
  for (;;) {
    const ssize_t count = ::pread(fd, out, n, static_cast<off_t>(offset));
    if (count >= 0) return static_cast<std::size_t>(count);
    if (errno != EINTR) fail_io("cannot read", errno);
  }
}

}  // namespace

FileHandle& FileHandle::operator=(FileHandle&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

FileHandle::~FileHandle() {
  if (fd_ >= 0) ::close(fd_);
}

bool FileStamp::operator==(const FileStamp& other) const {
  return device == other.device && inode == other.inode && size == other.size &&
         changed_s == other.changed_s && changed_ns == other.changed_ns;
}

FileStamp stamp_of(const FileHandle& file) {
  struct stat status = {};
  if (::fstat(file.get(), &status) != 0) fail_io("cannot read", errno);
  return {static_cast<std::uint64_t>(status.st_dev), static_cast<std::uint64_t>(status.st_ino),
          static_cast<std::uint64_t>(status.st_size), status.st_mtim.tv_sec,
          status.st_mtim.tv_nsec};
}

FileStamp ByteSource::stamp() const { return file_ ? stamp_of(file_) : FileStamp(); }

ByteSource::ByteSource(const void* bytes, std::size_t size)
    : bytes_(static_cast<const std::byte*>(bytes)), size_(size) {}

ByteSource::ByteSource(const std::string& path) {
  // O_NONBLOCK: opening a FIFO must not wait for a writer.
  file_ = FileHandle(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!file_) fail_io("cannot open '" + printable(path) + "'", errno);
  struct stat status = {};
  if (::fstat(file_.get(), &status) != 0) fail_io("cannot open '" + printable(path) + "'", errno);
  if (!S_ISREG(status.st_mode))
    throw Error(ErrorCode::Io, "'" + printable(path) + "' is " +
                                   (S_ISDIR(status.st_mode) ? "a directory" : "not a file"));
  size_ = static_cast<std::uint64_t>(status.st_size);
}

std::size_t ByteSource::read(std::uint64_t offset, void* out, std::size_t n) const {
  if (offset >= size_) return 0;
  n = static_cast<std::size_t>(std::min<std::uint64_t>(n, size_ - offset));
  if (file_) return read_some(file_.get(), offset, out, n);
  std::memcpy(out, bytes_ + offset, n);
  return n;
}

bool read_exactly(int fd, std::uint64_t offset, void* out, std::size_t n) {
  auto* bytes = static_cast<std::byte*>(out);
  while (n > 0) {
    const std::size_t count = read_some(fd, offset, bytes, n);
    if (count == 0) return false;
    offset += count;
    bytes += count;
    n -= count;
  }
  return true;
}

}  // namespace keel::loaders
