#include "loaders/onnx_reader.h"

#include "loaders/byte_source.h"
#include "loaders/external_data.h"
#include "loaders/graph_reader.h"
#include "loaders/onnx_parse.h"
#include "loaders/prescan.h"
#include "loaders/proto_model.h"
#include "loaders/sequences.h"
#include "runtime/error.h"
#include "runtime/memory_limit.h"

namespace keel {
namespace {

using namespace loaders;  // NOLINT: this file is the front of that namespace

// IR versions in use: 3 came with opset 1, 13 with opset 25.
constexpr std::int64_t kNewestIrVersion = 13;

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

ModelInfo read_info(const onnx::ModelProto& model, std::uint64_t bytes) {
  ModelInfo info;
  info.bytes = bytes;
  info.ir_version = model.ir_version();
  info.model_version = model.model_version();
  info.producer_name = model.producer_name();
  info.producer_version = model.producer_version();
  info.domain = model.domain();
  info.doc_string = model.doc_string();
  info.opsets = read_opsets(model.opset_import());
  for (const auto& entry : model.metadata_props()) info.metadata[entry.key()] = entry.value();
  return info;
}

void check_ir_version(std::int64_t version) {
  if (version < 1 || version > kNewestIrVersion)
    throw Error(ErrorCode::MalformedModel,
                str("expected an ir_version from 1 to ", kNewestIrVersion, ", got ", version));
}

LoadedModel read_source(const ByteSource& source, const std::string& folder, Purpose purpose,
                        const Options& options) {
  const Scan scan = prescan(source);
  auto messages = std::make_shared<Messages>();
  Payloads payloads;
  Parallel parallel(thread_count(options), options.executor, false);
  parse_model(source, scan, messages->model, parallel,
              purpose == Purpose::Run ? &payloads : nullptr);
  check_ir_version(messages->model.ir_version());

  LoadedModel loaded;
  loaded.info = read_info(messages->model, source.size());
  if (purpose == Purpose::Write)
    loaded.proto = std::make_shared<ProtoModel>(ProtoModel{messages, folder, {}});
  const ExternalData external = folder.empty() ? ExternalData() : ExternalData(folder, &source);
  ModelReading reading;
  reading.door.external = &external;
  reading.door.dense_budget = (64u << 20) + 8 * source.size();
  reading.door.external_budget = memory_limit(options);
  reading.door.payloads = &payloads;
  if (purpose == Purpose::Write) reading.door.keeper = messages;
  reading.opsets = loaded.info.opsets;
  reading.ir_version = loaded.info.ir_version;
  reading.collect_node_names(messages->model.graph());
  FunctionInliner functions(messages->model);
  reading.functions = &functions;
  reading.expanded = &messages->expanded;
  GraphReader reader(reading, nullptr, loaded.proto ? &loaded.proto->main : nullptr);
  loaded.graph = reader.read(*messages->model.mutable_graph());
  loaded.files = external.stamps();
  loaded.files.push_back(source.stamp());
  loaded.unsupported = std::move(reading.unsupported);
  if (purpose == Purpose::Run) resolve_sequences(loaded.graph, loaded.unsupported);
  return loaded;
}

// Adds the stage to errors, and makes one of running out of memory.
template <typename Body>
auto at_stage(Body&& body) {
  try {
    return body();
  } catch (const Error& error) {
    throw with_stage(error, "load");
  } catch (const std::bad_alloc&) {
    throw Error(ErrorCode::ResourceLimit, "out of memory", "", "", "load");
  }
}

}  // namespace

LoadedModel read_model(const std::string& path, const Options& options, Purpose purpose) {
  return at_stage([&] {
    const std::string& root = options.external_root;
    return read_source(ByteSource(path), root.empty() ? folder_of(path) : root, purpose, options);
  });
}

LoadedModel read_model(const void* bytes, std::size_t size, const Options& options,
                       Purpose purpose) {
  return at_stage([&] {
    return read_source(ByteSource(bytes, size), options.external_root, purpose, options);
  });
}

void require_supported(const LoadedModel& model) {
  if (model.unsupported.empty()) return;
  constexpr std::size_t kListed = 1000;
  std::string text = str(model.unsupported.size(), " nodes cannot run: ");
  for (std::size_t i = 0; i < model.unsupported.size() && i < kListed; ++i) {
    const UnsupportedNode& node = model.unsupported[i];
    text += str(i > 0 ? "; " : "", "node '", printable(node.node), "' (",
                node.domain.empty() ? "" : printable(node.domain) + ".", printable(node.op),
                ", opset ", node.opset, "): ", node.reason);
  }
  if (model.unsupported.size() > kListed) text += "; ...";
  throw Error(ErrorCode::Unsupported, text, "", "", "load");
}

Graph read_graph(const std::string& path, const Options& options) {
  LoadedModel model = read_model(path, options);
  require_supported(model);
  return std::move(model.graph);
}

Graph read_graph(const void* bytes, std::size_t size, const Options& options) {
  LoadedModel model = read_model(bytes, size, options);
  require_supported(model);
  return std::move(model.graph);
}

}  // namespace keel
