// Zip archives as far as .npz needs them: the central directory, stored and deflated members.
#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <set>
#include <vector>

#include "loaders/files/npy.h"
#include "loaders/files/tensor_file.h"
#include "runtime/error.h"

namespace keel {
namespace {

using loaders::ByteSource;

constexpr std::uint32_t kLocal = 0x04034b50, kCentral = 0x02014b50, kEnd = 0x06054b50;
constexpr std::size_t kLocalBytes = 30, kCentralBytes = 46, kEndBytes = 22;

[[noreturn]] void bad(const std::string& what) { throw Error(ErrorCode::BadInput, "npz: " + what); }

std::uint32_t u16(const std::string& bytes, std::size_t at) {
  return static_cast<unsigned char>(bytes[at]) |
         static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[at + 1])) << 8;
}
std::uint32_t u32(const std::string& bytes, std::size_t at) {
  return u16(bytes, at) | u16(bytes, at + 2) << 16;
}

std::string read_range(const ByteSource& source, std::uint64_t offset, std::size_t n) {
  if (offset > source.size() || n > source.size() - offset) bad("the file is cut short");
  std::string bytes(n, '\0');
  for (std::size_t done = 0; done < n;) {
    const std::size_t count = source.read(offset + done, &bytes[done], n - done);
    if (count == 0) bad("the file is cut short");
    done += count;
  }
  return bytes;
}

struct Member {
  std::string name;
  std::uint32_t method, crc, packed, size, offset;
};

// The end record stands within the last 64 KiB.
std::string end_record(const ByteSource& source) {
  const auto tail_bytes =
      static_cast<std::size_t>(std::min<std::uint64_t>(source.size(), 65535 + kEndBytes));
  const std::string tail = read_range(source, source.size() - tail_bytes, tail_bytes);
  for (std::size_t at = tail.size() - std::min(tail.size(), kEndBytes) + 1; at-- > 0;)
    if (tail.size() - at >= kEndBytes && u32(tail, at) == kEnd &&
        at + kEndBytes + u16(tail, at + 20) <= tail.size())
      return tail.substr(at, kEndBytes);
  bad("the file is not a zip archive, or is cut short");
}

std::vector<Member> read_directory(const ByteSource& source) {
  const std::string end = end_record(source);
  const std::uint32_t count = u16(end, 10), bytes = u32(end, 12), offset = u32(end, 16);
  if (count == 0xFFFF || offset == 0xFFFFFFFF) bad("archives beyond 4 GiB are not read");
  const std::string directory = read_range(source, offset, bytes);
  std::vector<Member> members;
  std::size_t at = 0;
  for (std::uint32_t i = 0; i < count; ++i) {
    if (directory.size() - at < kCentralBytes || u32(directory, at) != kCentral)
      bad("the directory is broken");
    const std::size_t name = u16(directory, at + 28);
    const std::size_t rest = name + u16(directory, at + 30) + u16(directory, at + 32);
    if (directory.size() - at - kCentralBytes < rest) bad("the directory is broken");
    if ((u16(directory, at + 8) & 1) != 0) bad("encrypted members are not read");
    members.push_back({directory.substr(at + kCentralBytes, name), u16(directory, at + 10),
                       u32(directory, at + 16), u32(directory, at + 20), u32(directory, at + 24),
                       u32(directory, at + 42)});
    at += kCentralBytes + rest;
  }
  return members;
}

// Gives the bytes of one member, inflated, and checks them at the end.
class MemberReader {
 public:
  MemberReader(const ByteSource& source, const Member& member) : source_(source), member_(member) {
    const std::string local = read_range(source, member.offset, kLocalBytes);
    if (u32(local, 0) != kLocal) bad("member '" + printable(member.name) + "' is broken");
    at_ = std::uint64_t{member.offset} + kLocalBytes + u16(local, 26) + u16(local, 28);
    left_ = member.packed;
    if (at_ > source.size() || left_ > source.size() - at_) bad("the file is cut short");
    if (member.method != 0 && member.method != 8)
      bad(str("member '", printable(member.name), "' uses method ", member.method));
    if (member.method == 0 && member.packed != member.size)
      bad("member '" + printable(member.name) + "' lies about its size");
    // Deflate reaches 1032 : 1 at most.
    if (member.size / 1032 > member.packed)
      bad("member '" + printable(member.name) + "' lies about its size");
    if (inflateInit2(&stream_, -MAX_WBITS) != Z_OK)
      throw Error(ErrorCode::ResourceLimit, "npz: out of memory");
  }
  ~MemberReader() { inflateEnd(&stream_); }
  MemberReader(const MemberReader&) = delete;
  MemberReader& operator=(const MemberReader&) = delete;

  void read(void* out, std::size_t n) {
    auto* bytes = static_cast<unsigned char*>(out);
    for (std::size_t done = 0; done < n;) {
      const auto wanted = static_cast<uInt>(std::min<std::size_t>(n - done, 1 << 24));
      const std::size_t count =
          member_.method == 0 ? stored(bytes + done, wanted) : inflated(bytes + done, wanted);
      crc_ = crc32(crc_, bytes + done, static_cast<uInt>(count));
      done += count;
    }
  }
  void finish() const {
    if (crc_ != member_.crc) bad("the checksum of '" + printable(member_.name) + "' is wrong");
  }

 private:
  [[noreturn]] void cut_short() { bad("member '" + printable(member_.name) + "' is broken"); }

  std::size_t stored(unsigned char* out, uInt n) {
    const std::size_t count = source_.read(at_, out, std::min<std::uint64_t>(n, left_));
    if (count == 0) cut_short();
    at_ += count;
    left_ -= count;
    return count;
  }
  std::size_t inflated(unsigned char* out, uInt n) {
    stream_.next_out = out;
    stream_.avail_out = n;
    while (stream_.avail_out == n) {
      if (stream_.avail_in == 0) {
        stream_.avail_in = static_cast<uInt>(
            source_.read(at_, buffer_, std::min<std::uint64_t>(sizeof buffer_, left_)));
        at_ += stream_.avail_in;
        left_ -= stream_.avail_in;
        stream_.next_in = buffer_;
      }
      const int status = inflate(&stream_, Z_NO_FLUSH);
      if (status == Z_STREAM_END && stream_.avail_out != n) break;
      if (status != Z_OK) cut_short();
    }
    return n - stream_.avail_out;
  }

  const ByteSource& source_;
  const Member& member_;
  std::uint64_t at_ = 0, left_ = 0;
  uLong crc_ = crc32(0, nullptr, 0);
  z_stream stream_ = {};
  unsigned char buffer_[16384];
};

void put(std::string& out, std::uint32_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i) & 255);
}

// The fields that local and central headers share; the date is the first one a zip can hold.
void put_common(std::string& out, std::uint32_t crc, std::size_t size, std::size_t name) {
  constexpr std::uint32_t kVersion = 20, kUtf8 = 1 << 11, kStored = 0, kTime = 0, kDate = 0x21;
  put(out, kVersion, 2);
  put(out, kUtf8, 2);
  put(out, kStored, 2);
  put(out, kTime, 2);
  put(out, kDate, 2);
  put(out, crc, 4);
  put(out, static_cast<std::uint32_t>(size), 4);
  put(out, static_cast<std::uint32_t>(size), 4);
  put(out, static_cast<std::uint32_t>(name), 2);
  put(out, 0, 2);  // no extra field
}

}  // namespace

NamedTensors read_npz(const ByteSource& source) {
  NamedTensors tensors;
  for (const Member& member : read_directory(source)) {
    const std::string& name = member.name;
    const bool is_array = name.size() > 4 && name.compare(name.size() - 4, 4, ".npy") == 0;
    if (!is_array) bad("member '" + printable(name) + "' is not an .npy file");
    MemberReader reader(source, member);
    Tensor tensor =
        files::parse_npy([&](void* out, std::size_t n) { reader.read(out, n); }, member.size);
    reader.finish();
    if (!tensors.emplace(name.substr(0, name.size() - 4), std::move(tensor)).second)
      bad("member '" + printable(name) + "' is there twice");
  }
  return tensors;
}

std::string npz_bytes(const NamedTensors& tensors) {
  std::string out, directory;
  for (const auto& [name, tensor] : tensors) {
    const std::string file = name + ".npy", bytes = npy_bytes(tensor);
    if (out.size() + bytes.size() > 0xFFFF0000u || file.size() > 0xFFFF || tensors.size() > 0xFFFE)
      throw Error(ErrorCode::ResourceLimit, "npz: the archive would exceed 4 GiB");
    const auto crc = static_cast<std::uint32_t>(
        crc32_z(0, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()));
    put(directory, kCentral, 4);
    put(directory, 20, 2);  // made by this version of the format
    put_common(directory, crc, bytes.size(), file.size());
    directory.append(10, '\0');  // no comment, first disk, no attributes
    put(directory, static_cast<std::uint32_t>(out.size()), 4);
    directory += file;
    put(out, kLocal, 4);
    put_common(out, crc, bytes.size(), file.size());
    out += file;
    out += bytes;
  }
  const std::size_t offset = out.size();
  out += directory;
  put(out, kEnd, 4);
  put(out, 0, 4);
  put(out, static_cast<std::uint32_t>(tensors.size()), 2);
  put(out, static_cast<std::uint32_t>(tensors.size()), 2);
  put(out, static_cast<std::uint32_t>(directory.size()), 4);
  put(out, static_cast<std::uint32_t>(offset), 4);
  put(out, 0, 2);
  return out;
}

}  // namespace keel
