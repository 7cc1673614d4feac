#include "tools/fold_report.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <fstream>

#include "runtime/error.h"

namespace keel::tools {
namespace {

int count_of(const std::map<std::string, int>& ops, const char* op) {
  const auto it = ops.find(op);
  return it == ops.end() ? 0 : it->second;
}

Json file_json(const FileDescription& file) {
  return {{"path", file.path}, {"sha256", file.sha256}, {"bytes", file.bytes}};
}

Json check_json(const ValueCheck& check) {
  return {{"name", printable(check.name)},
          {"max_abs", check.max_abs},
          {"nme", check.nme},
          {"bound", check.bound},
          {"ok", check.ok}};
}

Json verify_json(const VerifyResult& result, bool all_nodes) {
  Json outputs = Json::array(), layers = Json::array();
  for (const ValueCheck& check : result.outputs) outputs.push_back(check_json(check));
  for (const ValueCheck& check : result.layers)
    if (all_nodes || layers.empty() || !check.ok) layers.push_back(check_json(check));
  return {{"inputs", result.inputs},
          {"seed", result.seed},
          {"ok", result.ok},
          {"outputs", outputs},
          {"layers_checked", result.layers.size()},
          {"layers", layers}};
}

std::string check_text(const char* what, const ValueCheck& check) {
  return fmt::format("{:<7} {}: NME {:.3g}, bound {:.3g}: {}\n", what, printable(check.name),
                     check.nme, check.bound, check.ok ? "ok" : "DIFFERS");
}

std::string verify_text(const VerifyResult& result, bool all_nodes) {
  std::string text = fmt::format("verified on {} inputs (seed {}): {} layers and {} outputs{}\n",
                                 result.inputs, result.seed, result.layers.size(),
                                 result.outputs.size(), result.ok ? "" : ", WHICH DIFFER");
  bool first = true;
  for (const ValueCheck& check : result.layers) {
    if (all_nodes || first || !check.ok) text += check_text("layer", check);
    first = false;
  }
  for (const ValueCheck& check : result.outputs) text += check_text("output", check);
  return text;
}

}  // namespace

std::string printable_sentence(const std::string& text) {
  std::string result;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(' ', begin), text.size());
    result += (begin == 0 ? "" : " ") + printable(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return result;
}

Json record_json(const folding::FoldRecord& record) {
  return {{"name", printable(record.name)},
          {"op", printable(record.op)},
          {"status", record.status},
          {"pattern", printable(record.pattern)},
          {"code", record.code},
          {"blocker", printable(record.blocker)},
          {"message", printable_sentence(record.message)},
          {"max_scale", record.max_scale},
          {"cancellation", record.cancellation}};
}

std::string record_text(const folding::FoldRecord& record) {
  const std::string name = printable(record.name);
  const std::string message = printable_sentence(record.message);
  if (record.status == "folded")
    return fmt::format("folded  {}: {} ({}), max |s| {:.3g}, cancellation {:.3g}\n", name, message,
                       printable(record.pattern), record.max_scale, record.cancellation);
  return fmt::format("{:<7} {}: {}: {}{}\n", record.status, name, record.code, message,
                     record.blocker.empty() ? "" : " ('" + printable(record.blocker) + "')");
}

FileDescription describe_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw Error(ErrorCode::Io, "cannot read '" + printable(path) + "'");
  FileDescription description{path, "", 0};
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  EVP_DigestInit_ex(context, EVP_sha256(), nullptr);
  std::vector<char> buffer(std::size_t{1} << 20);
  while (file.read(buffer.data(), static_cast<std::streamsize>(buffer.size())) ||
         file.gcount() > 0) {
    const auto count = static_cast<std::size_t>(file.gcount());
    EVP_DigestUpdate(context, buffer.data(), count);
    description.bytes += count;
  }
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  EVP_DigestFinal_ex(context, digest, &length);
  EVP_MD_CTX_free(context);
  for (unsigned i = 0; i < length; ++i) description.sha256 += fmt::format("{:02x}", digest[i]);
  return description;
}

Json as_json(const FoldReport& report) {
  Json json{{"schema", "keel.fold/1"}, {"input", file_json(report.input)}};
  json["output"] = report.output ? file_json(*report.output) : Json(nullptr);
  json["batchnorm"] = {{"before", count_of(report.ops_before, "BatchNormalization")},
                       {"after", count_of(report.ops_after, "BatchNormalization")}};
  json["ops"] = {{"before", report.ops_before}, {"after", report.ops_after}};
  json["nodes"] = Json::array();
  for (const folding::FoldRecord& record : report.records)
    json["nodes"].push_back(record_json(record));
  json["verify"] =
      report.verified ? verify_json(*report.verified, report.all_nodes) : Json(nullptr);
  return json;
}

std::string as_text(const FoldReport& report, bool every) {
  const int before = count_of(report.ops_before, "BatchNormalization");
  const int after = count_of(report.ops_after, "BatchNormalization");
  std::string text = fmt::format("batch normalization: {} before, {} folded, {} left\n", before,
                                 before - after, after);
  for (const folding::FoldRecord& record : report.records)
    if (every || record.status != "folded") text += record_text(record);
  if (report.verified) text += verify_text(*report.verified, report.all_nodes);
  if (report.output)
    text += fmt::format("wrote   {} ({} bytes, sha256 {})\n", printable(report.output->path),
                        report.output->bytes, report.output->sha256);
  return text;
}

}  // namespace keel::tools
