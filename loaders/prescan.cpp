#include "loaders/prescan.h"

#include <algorithm>
#include <array>
#include <climits>
#include <cstring>
#include <string_view>

#include "loaders/onnx_schema.h"
#include "runtime/error.h"

namespace keel::loaders {
namespace {

// Buffered bytes with a position; skipping costs nothing.
class Cursor {
 public:
  explicit Cursor(const ByteSource& source) : source_(source) {}

  std::uint64_t position = 0;
  std::uint64_t size() const { return source_.size(); }

  // The byte at `position`, which must be below size().
  std::uint8_t byte() {
    if (position < begin_ || position >= begin_ + count_) {
      begin_ = position;
      count_ = source_.read(position, window_.data(), window_.size());
      if (count_ == 0) throw Error(ErrorCode::Io, "the file shrank while it was read");
    }
    return window_[position++ - begin_];
  }

 private:
  const ByteSource& source_;
  std::array<std::uint8_t, 8192> window_;
  std::uint64_t begin_ = 0;
  std::size_t count_ = 0;
};

struct Frame {
  Message message;
  Range field, body;
  std::uint64_t seen = 0;  // fields of Content::Child met so far
  std::uint64_t cost = 0;  // of a node: what it and all in it takes
  bool has_operator = false, has_output = false;
};

class Scanner {
 public:
  Scanner(const ByteSource& source, const ScanLimits& limits) : cursor_(source), limits_(limits) {}

  Scan run(Message root) {
    allowance_ = limits_.memory_factor * cursor_.size() + limits_.memory_base;
    push(root, {0, cursor_.size()}, {0, cursor_.size()});
    while (depth_ > 0) {
      if (cursor_.position == top().body.end)
        pop();
      else
        field();
    }
    return std::move(scan_);
  }

 private:
  Frame& top() { return stack_[depth_ - 1]; }

  [[noreturn]] void malformed(const std::string& what, std::uint64_t offset) {
    const char* where = depth_ > 0 ? message_name(top().message) : "ModelProto";
    throw Error(ErrorCode::MalformedModel, str("byte ", offset, " (", where, "): ", what));
  }

  void push(Message message, Range field, Range body) {
    if (depth_ == kMaxNesting) malformed("messages are nested too deeply", field.begin);
    if (message == Message::Graph && depth_ > 0 && top().message == Message::Attribute)
      if (++subgraphs_ > limits_.subgraph_depth)
        malformed(str("subgraphs are nested more than ", limits_.subgraph_depth, " deep"),
                  field.begin);
    if (message == Message::Node && ++scan_.nodes > limits_.nodes)
      throw Error(ErrorCode::ResourceLimit,
                  str("the model has more than ", limits_.nodes, " nodes"));
    Frame& frame = stack_[depth_++];
    frame = Frame{message, field, body};
    frame.cost = cost_;
    spend(message_cost(message));
  }

  void pop() {
    const Frame& frame = top();
    // A node that says what it computes is paid for by the limit of nodes.
    if (frame.message == Message::Node && frame.has_operator && frame.has_output)
      cost_ -= std::min<std::uint64_t>(cost_ - frame.cost, kNodeAllowance);
    --depth_;
    if (frame.message == Message::Graph && depth_ > 0 && top().message == Message::Attribute)
      --subgraphs_;
  }

  void spend(std::uint64_t bytes) {
    cost_ += bytes;
    if (cost_ > allowance_ + kNodeAllowance)
      throw Error(ErrorCode::ResourceLimit,
                  str("a model of ", cursor_.size(), " bytes would take more than ", allowance_,
                      " bytes of memory to read"));
  }

  std::uint64_t varint() {
    const std::uint64_t start = cursor_.position;
    std::uint64_t value = 0;
    for (int shift = 0; shift < 70; shift += 7) {
      if (cursor_.position == top().body.end) malformed("a number is cut short", start);
      const std::uint8_t byte = cursor_.byte();
      value |= shift < 64 ? static_cast<std::uint64_t>(byte & 0x7F) << shift : 0;
      if (byte < 0x80) return value;
    }
    malformed("a number is longer than ten bytes", start);
  }

  void skip(std::uint64_t bytes, std::uint64_t start) {
    if (bytes > top().body.end - cursor_.position)
      malformed(str("a length of ", bytes, " exceeds the ", top().body.end - cursor_.position,
                    " bytes left"),
                start);
    cursor_.position += bytes;
  }

  void field() {
    const std::uint64_t start = cursor_.position;
    const std::uint64_t tag = varint();
    if (tag >> 3 == 0 || tag > UINT32_MAX) malformed("not a field of a protobuf message", start);
    const auto number = static_cast<std::uint32_t>(tag >> 3);
    const FieldRow* row = find_field(top().message, number);
    switch (tag & 7) {
      case 0:
        varint();
        spend(row == nullptr || row->content == Content::Varints ? kVarintCost : 0);
        break;
      case 1:
        skip(8, start);
        spend(row == nullptr || row->content == Content::Fixed ? 16 : 0);
        break;
      case 2:
        bytes(row, start);
        break;
      case 5:
        skip(4, start);
        spend(row == nullptr || row->content == Content::Fixed ? 8 : 0);
        break;
      case 3:
      case 4:
        malformed("a protobuf group, which ONNX does not have", start);
      default:
        malformed("not a field of a protobuf message", start);
    }
    if (depth_ > 0 && top().message == Message::Model && row != nullptr &&
        row->content == Content::Scalar)
      once(number, start);
  }

  // A length and that many bytes.
  void bytes(const FieldRow* row, std::uint64_t start) {
    const std::uint64_t length = varint();
    const std::uint64_t begin = cursor_.position;
    skip(length, start);
    const Range field = {start, cursor_.position}, body = {begin, cursor_.position};
    if (row == nullptr) return spend(2 * (body.end - start));  // kept as unknown bytes
    switch (row->content) {
      case Content::Child:
        once(static_cast<std::uint32_t>(row->number), start);
        [[fallthrough]];
      case Content::Children:
        enter(row->child, field, body);
        break;
      case Content::Text:
      case Content::Texts:
        text(row, field, body);
        break;
      case Content::Varints:
        packed(body);
        break;
      case Content::Fixed:
        spend(2 * length);
        break;
      case Content::Scalar:
        spend(2 * (body.end - start));
        break;
    }
  }

  void enter(Message child, Range field, Range body) {
    cursor_.position = body.begin;
    if (top().message == Message::Model && child == Message::Graph) {
      scan_.graph_field = field;
      scan_.graph = body;
    }
    push(child, field, body);
  }

  void text(const FieldRow* row, Range field, Range body) {
    constexpr std::uint64_t kString = 64, kInline = 15;
    const std::uint64_t length = body.end - body.begin;
    spend(kString + (length > kInline ? length + 16 : 0));
    if (top().message == Message::Node) {
      if (row->number == 4) top().has_operator = length > 0;
      if (row->number == 2) top().has_output = true;
    }
    const bool initializer =
        depth_ == 3 && top().message == Message::Tensor && stack_[1].message == Message::Graph;
    if (initializer && row->number == 9 && length >= kLargePayload) {
      if (!scan_.payloads.empty() && scan_.payloads.back().tensor.begin == top().body.begin)
        malformed("raw_data is given twice", field.begin);
      scan_.payloads.push_back({top().field, top().body, field, body});
    }
  }

  // Packed varints: one element for each byte without the continuation bit.
  void packed(Range body) {
    cursor_.position = body.begin;
    std::uint64_t elements = 0;
    while (cursor_.position < body.end) elements += cursor_.byte() < 0x80;
    spend(elements * kVarintCost);
  }

  void once(std::uint32_t number, std::uint64_t start) {
    const std::uint64_t bit = std::uint64_t{1} << (number & 63);
    if (top().seen & bit) malformed(str("field ", number, " is given twice"), start);
    top().seen |= bit;
  }

  static constexpr std::uint64_t kNodeAllowance = 512;
  static constexpr std::uint64_t kVarintCost = 16;  // an int64, and the array grows by doubling

  Cursor cursor_;
  ScanLimits limits_;
  Scan scan_;
  std::array<Frame, kMaxNesting> stack_;
  int depth_ = 0;
  int subgraphs_ = 0;
  std::uint64_t cost_ = 0, allowance_ = 0;
};

struct Signature {
  std::string_view bytes;
  const char* what;
};

constexpr Signature kSignatures[] = {
    {"PK\x03\x04", "a zip archive; unpack it first"},
    {"\x1f\x8b", "gzip-compressed; decompress it first"},
    {"BZh", "bzip2-compressed; decompress it first"},
    {"\x28\xb5\x2f\xfd", "zstd-compressed; decompress it first"},
    {"version https://git-lfs", "a Git LFS pointer; fetch the file itself (git lfs pull)"},
    {"\x93NUMPY", "a NumPy array"},
    {"\x89HDF", "an HDF5 file"},
    {"\x80\x02", "a Python pickle; export the model to ONNX"},
    {"\x80\x04", "a Python pickle; export the model to ONNX"},
};

// Says what a file is that surely is no serialised ModelProto.
void reject_other_formats(const ByteSource& source) {
  char head[64];
  const std::size_t count = source.read(0, head, sizeof head);
  const std::string_view text(head, count);
  for (const Signature& signature : kSignatures)
    if (text.substr(0, signature.bytes.size()) == signature.bytes)
      throw Error(ErrorCode::MalformedModel, str("this is ", signature.what));
  const bool printable_text = std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return (c >= 0x20 && c < 0x7F) || c == '\n' || c == '\r' || c == '\t';
  });
  if (printable_text && count >= 4)
    throw Error(ErrorCode::MalformedModel,
                "this is a text file; a model is a binary protobuf (ModelProto)");
}

void check_size(const ByteSource& source) {
  if (source.size() == 0) throw Error(ErrorCode::MalformedModel, "the file is empty");
  if (source.size() > INT_MAX)
    throw Error(ErrorCode::ResourceLimit,
                str("the model has ", source.size(),
                    " bytes; protobuf ends at 2 GiB, store the weights as external data"));
}

}  // namespace

Scan prescan(const ByteSource& source, const ScanLimits& limits) {
  check_size(source);
  reject_other_formats(source);
  Scan scan = Scanner(source, limits).run(Message::Model);
  if (scan.graph_field.end == 0) throw Error(ErrorCode::MalformedModel, "the model has no graph");
  return scan;
}

void prescan_tensor(const ByteSource& source, const ScanLimits& limits) {
  if (source.size() == 0) return;  // the default TensorProto, which the reader of tensors refuses
  check_size(source);
  Scanner(source, limits).run(Message::Tensor);
}

}  // namespace keel::loaders
