// fold_fixtures DIR: writes every fixture of tests/folding as DIR/NAME.onnx, with inputs as
// DIR/NAME/INPUT.pb and what is expected of it as DIR/NAME.json; DIR/index.json lists the names.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/folding/fixtures.h"

namespace {

using Json = nlohmann::ordered_json;

void write(const std::filesystem::path& path, const std::string& bytes) {
  std::ofstream file(path, std::ios::binary);
  file << bytes;
  if (!file.flush()) throw std::runtime_error("cannot write " + path.string());
}

Json expectation(const keel::test::FoldFixture& fixture) {
  Json records = Json::array(), inputs = Json::object();
  for (const auto& record : fixture.records)
    records.push_back({{"name", record.name}, {"status", record.status}, {"code", record.code}});
  for (const auto& [name, tensor] : fixture.inputs)
    inputs[name] = {{"type", keel::data_type_name(tensor.type())}, {"shape", tensor.shape()}};
  return {{"schema", "keel.fold_fixture/1"},
          {"name", fixture.name},
          {"about", fixture.about},
          {"runnable", fixture.runnable},
          {"tolerance", fixture.tolerance},
          {"inputs", inputs},
          {"records", records},
          {"batchnorm_after", fixture.batchnorm_after}};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: fold_fixtures DIR\n");
    return 2;
  }
  try {
    const std::filesystem::path folder = argv[1];
    Json index = Json::array();
    for (const keel::test::FoldFixture& fixture : keel::test::fold_fixtures()) {
      std::filesystem::create_directories(folder / fixture.name);
      write(folder / (fixture.name + ".onnx"), fixture.model.onnx());
      write(folder / (fixture.name + ".json"), expectation(fixture).dump(2) + "\n");
      for (const auto& [name, tensor] : fixture.inputs)
        write(folder / fixture.name / (name + ".pb"), keel::test::tensor_bytes(tensor, name));
      index.push_back(fixture.name);
    }
    write(folder / "index.json", index.dump(2) + "\n");
  } catch (const std::exception& error) {
    std::fprintf(stderr, "fold_fixtures: %s\n", error.what());
    return 1;
  }
  return 0;
}
