#include "loaders/onnx_writer.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <unistd.h>

#include <climits>
#include <exception>

#include "loaders/external_writer.h"
#include "loaders/graph_writer.h"
#include "runtime/error.h"

namespace keel {
namespace {

using namespace loaders;  // NOLINT: this file is the front of that namespace

// Errors are kept until protobuf has let go: its destructors flush, and must not throw.
class FileStream final : public google::protobuf::io::CopyingOutputStream {
 public:
  explicit FileStream(AtomicFile& file) : file_(file) {}
  bool Write(const void* data, int size) override {
    if (error) return false;
    try {
      file_.write(data, static_cast<std::size_t>(size));
    } catch (...) {
      error = std::current_exception();
    }
    return error == nullptr;
  }

  std::exception_ptr error;

 private:
  AtomicFile& file_;
};

NameSet names_of_training(const onnx::ModelProto& model) {
  NameSet names;
  for (const onnx::TrainingInfoProto& training : model.training_info()) {
    collect_all_names(training.initialization(), names);
    collect_all_names(training.algorithm(), names);
    for (const auto* bindings : {&training.initialization_binding(), &training.update_binding()})
      for (const onnx::StringStringEntryProto& entry : *bindings)
        names.insert({entry.key(), entry.value()});
  }
  return names;
}

// Operators that the graph calls, and those that functions it calls, call.
NameSet called_operators(const onnx::ModelProto& model) {
  NameSet operators;
  collect_operators(model.graph(), operators);
  for (bool grown = true; grown;) {
    const std::size_t before = operators.size();
    for (const onnx::FunctionProto& function : model.functions())
      if (operators.count(normal_domain(function.domain()) + "\n" + function.name()) != 0)
        collect_operators(function, operators);
    grown = operators.size() != before;
  }
  return operators;
}

// Functions whose last call the patches took apart.
void drop_unused_functions(onnx::ModelProto& model, const NameSet& called_before) {
  const NameSet called = called_operators(model);
  auto& functions = *model.mutable_functions();
  for (int i = functions.size() - 1; i >= 0; --i) {
    const std::string key = normal_domain(functions[i].domain()) + "\n" + functions[i].name();
    if (called_before.count(key) != 0 && called.count(key) == 0) functions.DeleteSubrange(i, 1);
  }
}

void apply_changes(const Graph& graph, ProtoModel& proto, bool release_replaced) {
  if (!is_changed(graph, proto.main)) return;
  onnx::ModelProto& model = proto.messages->model;
  ModelWriting writing{*proto.messages,          read_opsets(model.opset_import()),
                       model.ir_version(),       {},
                       names_of_training(model), release_replaced};
  collect_all_names(model.graph(), writing.names);
  const NameSet called = called_operators(model);
  GraphWriter(writing, graph, proto.main, *model.mutable_graph(), {}).write();
  drop_unused_functions(model, called);
}

void serialize(const onnx::ModelProto& model, AtomicFile& file) {
  const std::size_t size = model.ByteSizeLong();
  if (size > INT_MAX)
    throw Error(ErrorCode::ResourceLimit,
                str("the model would take ", size,
                    " bytes; protobuf ends at 2 GiB, write the weights as external data"));
  FileStream stream(file);
  bool complete = false;
  {
    google::protobuf::io::CopyingOutputStreamAdaptor buffer(&stream);
    google::protobuf::io::CodedOutputStream out(&buffer);
    out.SetSerializationDeterministic(true);
    model.SerializeWithCachedSizes(&out);
    out.Trim();
    complete = !out.HadError() && buffer.Flush();
  }
  if (stream.error) std::rethrow_exception(stream.error);
  if (!complete) throw Error(ErrorCode::Internal, "the model could not be serialised");
}

}  // namespace

PendingModel::PendingModel(LoadedModel& loaded, const Graph& graph, const std::string& path,
                           const WriteOptions& options) try
    : file_(path) {
  if (loaded.proto == nullptr)
    throw Error(ErrorCode::Usage, "a model must be read for writing before it can be written");
  Messages& messages = *loaded.proto->messages;
  try {
    apply_changes(graph, *loaded.proto, options.release_replaced);
    const std::string left = folder_left_behind(loaded.proto->folder, path);
    if (!left.empty()) carry_external_data(messages.model, left);
    data_ =
        move_to_external_data(messages.model, messages.dropped, left, path, options.external_data);
    serialize(messages.model, file_);
    file_.sync();
  } catch (...) {
    if (!data_.empty()) ::unlink(data_.c_str());
    throw;
  }
} catch (const Error& error) {
  throw with_stage(error, "write");
} catch (const std::bad_alloc&) {
  throw Error(ErrorCode::ResourceLimit, "out of memory", "", "", "write");
}

PendingModel::PendingModel(PendingModel&& other) noexcept
    : file_(std::move(other.file_)), data_(std::move(other.data_)) {
  other.data_.clear();
}

PendingModel::~PendingModel() {
  if (!data_.empty()) ::unlink(data_.c_str());
}

void PendingModel::commit() {
  file_.commit();
  data_.clear();
}

void write_model(LoadedModel& loaded, const Graph& graph, const std::string& path,
                 const WriteOptions& options) {
  PendingModel(loaded, graph, path, options).commit();
}

}  // namespace keel
