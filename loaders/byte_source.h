// The bytes of a model, in memory or in a file; a file is read where asked and never held whole.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace keel::loaders {

// Owns a file descriptor.
class FileHandle {
 public:
  FileHandle() = default;
  explicit FileHandle(int fd) : fd_(fd) {}
  FileHandle(FileHandle&& other) noexcept : fd_(other.fd_) { other.fd_ = -1; }
  FileHandle& operator=(FileHandle&& other) noexcept;
  ~FileHandle();

  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

// Tells a file that was read from one that was put in its place or changed since.
struct FileStamp {
  std::uint64_t device = 0, inode = 0, size = 0;
  std::int64_t changed_s = 0, changed_ns = 0;

  bool operator==(const FileStamp& other) const;
};

class ByteSource {
 public:
  // Borrows the bytes.
  ByteSource(const void* bytes, std::size_t size);
  // Opens a regular file. Throws Error(Io) where there is none, or it is a directory, FIFO, device.
  explicit ByteSource(const std::string& path);

  std::uint64_t size() const { return size_; }
  int fd() const { return file_.get(); }  // -1 in memory
  FileStamp stamp() const;                // all zero in memory

  // Copies up to n bytes from offset on; returns how many there were. Throws Error(Io).
  std::size_t read(std::uint64_t offset, void* out, std::size_t n) const;

 private:
  FileHandle file_;
  const std::byte* bytes_ = nullptr;
  std::uint64_t size_ = 0;
};

// Throws Error(Io).
FileStamp stamp_of(const FileHandle& file);

// Reads exactly n bytes at offset; false where the file ends before. Throws Error(Io).
bool read_exactly(int fd, std::uint64_t offset, void* out, std::size_t n);

}  // namespace keel::loaders
