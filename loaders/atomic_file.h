// A file that appears whole under its name, or not at all.
#pragma once

#include <cstddef>
#include <string>

#include "loaders/byte_source.h"

namespace keel {

// Writes go to a temporary file beside `path`; commit() puts it in place of whatever is there. A
// link is followed: what it names is replaced. Everything throws Error(Io).
class AtomicFile {
 public:
  // Refuses directories and what is no regular file.
  explicit AtomicFile(const std::string& path);
  AtomicFile(AtomicFile&& other) noexcept;
  AtomicFile& operator=(AtomicFile&&) = delete;
  ~AtomicFile();  // removes the temporary file unless committed

  void write(const void* data, std::size_t size);
  // Everything written so far has reached the disk.
  void sync();
  void commit();

  const std::string& temporary() const { return temporary_; }

 private:
  std::string path_, temporary_;  // temporary_ empty: none is left
  loaders::FileHandle file_;
};

}  // namespace keel
