#include "loaders/onnx_parse.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream.h>

#include <algorithm>
#include <array>
#include <vector>

#include "onnx/onnx.pb.h"
#include "runtime/error.h"
#include "runtime/memory_block.h"

namespace keel::loaders {
namespace {

// A range of the source, a buffer at a time.
class RangeStream final : public google::protobuf::io::ZeroCopyInputStream {
 public:
  RangeStream(const ByteSource& source, Range range)
      : source_(source), begin_(range.begin), position_(range.begin), end_(range.end) {}

  bool Next(const void** data, int* size) override {
    const auto wanted = std::min<std::uint64_t>(buffer_.size(), end_ - position_);
    const std::size_t count = source_.read(position_, buffer_.data(), wanted);
    if (count == 0) return false;
    position_ += count;
    *data = buffer_.data();
    *size = static_cast<int>(count);
    return true;
  }
  void BackUp(int count) override { position_ -= static_cast<std::uint64_t>(count); }
  bool Skip(int count) override {
    const auto left = std::min<std::uint64_t>(count, end_ - position_);
    position_ += left;
    return left == static_cast<std::uint64_t>(count);
  }
  std::int64_t ByteCount() const override { return static_cast<std::int64_t>(position_ - begin_); }

 private:
  const ByteSource& source_;
  std::uint64_t begin_, position_, end_;
  std::array<char, 32768> buffer_;
};

// Parsing the pieces of a message one after the other into the same object gives what parsing it
// whole would: protobuf merges.
void merge(const ByteSource& source, Range range, google::protobuf::MessageLite& message) {
  if (range.begin == range.end) return;
  RangeStream stream(source, range);
  google::protobuf::io::CodedInputStream in(&stream);
  in.SetRecursionLimit(kMaxNesting);
  if (!message.MergePartialFromCodedStream(&in) || !in.ConsumedEntireMessage())
    throw Error(ErrorCode::MalformedModel,
                str("bytes ", range.begin, " to ", range.end, " are not valid protobuf"));
}

// Bytes of the source, and where they go.
struct Piece {
  Range from;
  std::byte* to;
};

void read_piece(const ByteSource& source, const Piece& piece) {
  const std::size_t size = piece.from.end - piece.from.begin;
  for (std::size_t done = 0; done < size;) {
    const std::size_t count = source.read(piece.from.begin + done, piece.to + done, size - done);
    if (count == 0) throw Error(ErrorCode::Io, "the file shrank while it was read");
    done += count;
  }
}

// All at once: one thread alone waits for memory that it touches for the first time.
void read_pieces(const ByteSource& source, const std::vector<Piece>& payloads, Parallel& parallel) {
  constexpr std::uint64_t kBytes = 2 << 20;
  std::vector<Piece> pieces;
  for (const Piece& payload : payloads)
    for (std::uint64_t at = payload.from.begin; at < payload.from.end; at += kBytes)
      pieces.push_back(
          {{at, std::min(at + kBytes, payload.from.end)}, payload.to + (at - payload.from.begin)});
  parallel.enter([&] {
    parallel.chunks(static_cast<std::int64_t>(pieces.size()), [&](std::int64_t i, int) {
      read_piece(source, pieces[static_cast<std::size_t>(i)]);
    });
  });
}

}  // namespace

void parse_model(const ByteSource& source, const Scan& scan, onnx::ModelProto& model,
                 Parallel& parallel, Payloads* apart) {
  std::vector<Piece> pieces;
  merge(source, {0, scan.graph_field.begin}, model);
  onnx::GraphProto& graph = *model.mutable_graph();
  std::uint64_t position = scan.graph.begin;
  for (const Payload& payload : scan.payloads) {
    merge(source, {position, payload.tensor_field.begin}, graph);
    onnx::TensorProto& tensor = *graph.add_initializer();
    merge(source, {payload.tensor.begin, payload.data_field.begin}, tensor);
    const std::uint64_t size = payload.data.end - payload.data.begin;
    if (apart != nullptr) {
      PayloadBytes& bytes = (*apart)[&tensor] = {weight_block(size), size};
      pieces.push_back({payload.data, bytes.data.get()});
    } else {
      // Protobuf would grow a large string by doubling, which takes three times its size.
      tensor.mutable_raw_data()->resize(size);
      read_piece(source,
                 {payload.data, reinterpret_cast<std::byte*>(tensor.mutable_raw_data()->data())});
    }
    merge(source, {payload.data_field.end, payload.tensor.end}, tensor);
    position = payload.tensor_field.end;
  }
  merge(source, {position, scan.graph.end}, graph);
  merge(source, {scan.graph_field.end, source.size()}, model);
  read_pieces(source, pieces, parallel);
}

void parse_tensor(const ByteSource& source, onnx::TensorProto& tensor) {
  merge(source, {0, source.size()}, tensor);
}

}  // namespace keel::loaders
